/** An error as the commands print it with `--json`. */
export interface DescribedError {
  readonly code: string;
  readonly message: string;
  /** The messages of the chain of causes, outermost first, without repeats. */
  readonly causes: readonly string[];
}

/** Code, message and causes of anything thrown. Never a stack: that is for `CUTOVER_DEBUG=1`. */
export function describeError(error: unknown): DescribedError {
  const message = textOf(error);
  const causes: string[] = [];
  for (let cause = causeOf(error); cause !== undefined && causes.length < 5; cause = causeOf(cause)) {
    const text = textOf(cause);
    if (text !== '' && !message.includes(text) && !causes.includes(text)) causes.push(text);
  }
  return { code: codeOf(error), message, causes };
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? (error.cause ?? undefined) : undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'UNEXPECTED';
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : 'something that is not an Error was thrown';
}
