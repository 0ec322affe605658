import type { Host } from '@cutover/host';

import type { StorePath } from '../nix/path-info.ts';
import { script } from '../target/script.ts';

/** The closure of something on a host that has it. */
export interface Closure {
  /** The store path whose closure it is. */
  readonly of: string;
  /** Each after those that it refers to. */
  readonly paths: readonly string[];
  /** Bytes of the content of each: Nix looks them up while another host says which paths it lacks. */
  readonly sizes: Promise<ReadonlyMap<string, number>>;
}

export async function closureOf(host: Host, path: string, signal?: AbortSignal): Promise<Closure> {
  const options = { signal };
  const requisites = script('requisites', 'exec nix-store --query --requisites "$1"', path);
  const paths = linesOf((await host.run(requisites, options)).stdout);
  const sizes = host
    .run(script('sizes', 'exec xargs nix-store --query --size'), { ...options, input: asLines(paths) })
    .then(({ stdout }) => {
      const lines = linesOf(stdout);
      return new Map(paths.map((each, index) => [each, Number(lines[index])]));
    });
  // Its failure is told where it is waited for.
  sizes.catch(() => undefined);
  return { of: path, paths, sizes };
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
