import type { ProcessPromise, Shell } from 'zx/core';

type Pipe = ProcessPromise['pipe'];
type PipeMethod = (to: unknown, ...values: unknown[]) => unknown;

/**
 * The `pipe` of a promise, for which a template without a shell of its own runs in `shell`. zx would take the caller's
 * `$`, and so run the second half of a pipe on this machine.
 */
export function redirectTemplates(promise: ProcessPromise, shell: Shell): () => Pipe {
  const prototype: object = Object.getPrototypeOf(promise);
  const redirect =
    (method: PipeMethod): PipeMethod =>
    (to, ...values) =>
      method(isTemplate(to) ? shell({ halt: true, signal: promise.signal })(to, ...values) : to);
  return () => {
    // A getter of the class, which makes it for the promise that it is asked of.
    const pipe: Pipe = Reflect.get(prototype, 'pipe', promise);
    const methods = { stdout: pipe.stdout, stderr: pipe.stderr, stdall: pipe.stdall };
    const redirected = Object.entries(methods).map(([name, method]) => [
      name,
      redirect(method as PipeMethod),
    ]);
    return Object.assign(redirect(pipe as PipeMethod), Object.fromEntries(redirected)) as Pipe;
  };
}

/** What a tagged template is called with. */
export function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && 'raw' in value;
}
