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
  /** Its parts, where it is that of a system. */
  readonly parts: readonly Part[];
}

/** Asks for all of it with one command, whose first answers are used while it looks for the sizes. */
export async function closureOf(host: Host, path: string, signal?: AbortSignal): Promise<Closure> {
  const stream = host.stream(script('closure', `${partsFunction}${closureScript}`, path), { signal });
  stream.stdin.end();
  const errors = lastLines(stream.stderr);
  const text =
    (await readUntil(stream.stdout, /\n\n[^]*\n\n/)) ?? (await throwUnknown(host, path, stream, errors));
  const [listed = '', parts = '', ...rest] = text.split('\n\n');
  const paths = linesOf(listed);
  const sizes = (async (): Promise<ReadonlyMap<string, number>> => {
    const chunks = [...rest];
    for await (const chunk of stream.stdout) chunks.push(String(chunk));
    const { exitCode } = await stream.exit;
    if (exitCode !== 0) await throwUnknown(host, path, stream, errors);
    const lines = linesOf(chunks.join(''));
    return new Map(paths.map((each, index) => [each, Number(lines[index])]));
  })();
  // Its failure is told where it is waited for.
  sizes.catch(() => undefined);
  return { of: path, paths, sizes, parts: parseParts(parts) };
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
  if (paths.length === 0) return [];
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
