import { constants } from 'node:os';

/** How a command ended: by itself with a code, or by a signal. */
type Exit =
  | { readonly exitCode: number; readonly signal: undefined }
  | { readonly exitCode: undefined; readonly signal: NodeJS.Signals };

/** Reads what a shell tells: a death by signal n as 128 + n. Real-time signals have no name, and stay codes. */
export function exitFromShell(code: number): Exit {
  const signal = code > 128 && code < 160 ? signalNames.get(code - 128) : undefined;
  return signal === undefined ? { exitCode: code, signal: undefined } : { exitCode: undefined, signal };
}

/** By number; some have two names. */
const signalNames: ReadonlyMap<number, NodeJS.Signals> = new Map(
  Object.entries(constants.signals)
    .filter(([name]) => name !== 'SIGIOT' && name !== 'SIGPOLL' && name !== 'SIGUNUSED')
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);
