import type { CutoverSettings } from '../config/schema.ts';

/** How the health page answered; `ok` when with the expected status. */
export interface HealthAnswer {
  readonly url: string;
  readonly ok: boolean;
  readonly status: number;
  /** The first line of the page, at most 200 characters. */
  readonly firstLine: string;
}

/**
 * Asks the public health page once.
 *
 * @throws whatever `fetch` throws when nothing answered: that is unknown, not unhealthy.
 */
export async function askHealth(
  { url, status }: NonNullable<CutoverSettings['health']>,
  signal: AbortSignal,
): Promise<HealthAnswer> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) });
  const [firstLine = ''] = (await response.text()).split('\n');
  return { url, ok: response.status === status, status: response.status, firstLine: firstLine.slice(0, 200) };
}
