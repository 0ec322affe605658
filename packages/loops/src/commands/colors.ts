import type { LoopCondition } from '../control/status.ts';

/** Colours a text, or leaves it alone. */
export type Paint = (color: Color, text: string) => string;

export type Color = keyof typeof codes;

const codes = { red: 31, green: 32, yellow: 33, dim: 2 } as const;

/** What a person must see to is red, what waits is yellow. */
export const colorOfState: Readonly<Record<LoopCondition, Color>> = {
  running: 'green',
  starting: 'yellow',
  stopping: 'yellow',
  stopped: 'dim',
  backoff: 'yellow',
  held: 'yellow',
  waiting: 'yellow',
  blocked: 'red',
  exited: 'red',
  unknown: 'red',
};

/** Colours for a terminal that has them, unless its user wants none (https://no-color.org). */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  environment: NodeJS.ProcessEnv = process.env,
): Paint {
  const unwanted = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  if (stream.isTTY !== true || unwanted) return (_, text) => text;
  return (color, text) => `\u001B[${codes[color]}m${text}\u001B[0m`;
}
