/** How long a command on a host may take, as the options of its `run`. */
export function runLimits(
  timeout: number,
  signal: AbortSignal | undefined,
): { readonly timeout: number; readonly signal?: AbortSignal } {
  return signal === undefined ? { timeout } : { timeout, signal };
}
