import type { CommandStream, Host } from '@cutover/host';

import type { StorePath } from '../nix/path-info.ts';
import { parseParts, type Part } from '../target/parts.ts';
import partsFunction from '../target/parts.sh';
import { readUntil } from '../target/read-until.ts';
import { script } from '../target/script.ts';
import closureScript from './closure.sh';
import { lastLines } from './streams.ts';

/** The closure of something on a host that has it. */
export interface Closure {
  /** The store path whose closure it is. */
  readonly of: string;
  /** Each after those that it refers to. */
  readonly paths: readonly string[];
  /** Bytes of the content of each: Nix looks them up while another host says which paths it lacks. */
  readonly sizes: Promise<ReadonlyMap<string, number>>;
  /** Its parts, where it is that of a system; they come last. */
  readonly parts: Promise<readonly Part[]>;
}

/** Asks for all of it with one command, whose first answers are used while it looks for the others. */
export async function closureOf(host: Host, path: string, signal?: AbortSignal): Promise<Closure> {
  const stream = host.stream(script('closure', `${partsFunction}${closureScript}`, path), { signal });
  stream.stdin.end();
  const errors = lastLines(stream.stderr);
  const text = (await readUntil(stream.stdout, /\n\n/)) ?? (await throwUnknown(host, path, stream, errors));
  const end = text.indexOf('\n\n');
  const paths = linesOf(text.slice(0, end));
  const rest = (async (): Promise<readonly string[]> => {
    const chunks = [text.slice(end + 2)];
    for await (const chunk of stream.stdout) chunks.push(String(chunk));
    const { exitCode } = await stream.exit;
    return exitCode === 0 ? chunks.join('').split('\n\n') : await throwUnknown(host, path, stream, errors);
  })();
  const sizes = rest.then(([listed = '']) => {
    const lines = linesOf(listed);
    return new Map(paths.map((each, index) => [each, Number(lines[index])]));
  });
  const parts = rest.then(([, listed = '']) => parseParts(listed));
  // Their failure is told where they are waited for.
  for (const later of [sizes, parts]) later.catch(() => undefined);
  return { of: path, paths, sizes, parts };
}

async function throwUnknown(
  host: Host,
  path: string,
  { exit }: CommandStream,
  errors: Promise<readonly string[]>,
): Promise<never> {
  const { exitCode } = await exit;
  const said = (await errors).slice(-5).join('\n');
  throw new Error(`${host.name} cannot say the closure of ${path} (exit code ${exitCode}): ${said}`);
}

/** Some paths of a closure, with their sizes. */
export async function sized(paths: readonly string[], { sizes }: Closure): Promise<readonly StorePath[]> {
  const known = await sizes;
  return paths.map((path) => ({ path, narSize: known.get(path) ?? 0 }));
}

/** Bytes of the content of store paths together. */
export function sizeOf(paths: readonly StorePath[]): number {
  return paths.reduce((sum, { narSize }) => sum + narSize, 0);
}

/** One a line, as scripts read paths. */
export function asLines(paths: readonly string[]): string {
  return paths.map((path) => `${path}\n`).join('');
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
