import type { Host } from '@cutover/host';
import { inspectClone, salvageClone } from '@cutover/loops/safe-point';

/** Where the work of a clone is: nothing is only there, or it was kept under a ref, or neither. */
export interface KeptWork {
  readonly path: string;
  readonly state: 'elsewhere too' | 'kept' | 'only here';
  /** In words, for the report. */
  readonly where: string;
}

const mark = (run: string): string => `refs/salvage/cutover-${run}`;

/** Looks whether anything is only in this clone. */
export async function keptWork(
  host: Host,
  path: string,
  run: string,
  signal: AbortSignal,
): Promise<KeptWork> {
  const { safe, head, reasons } = await inspectClone(host, path, { signal });
  if (safe || reasons.every(({ code }) => code === 'not-a-clone'))
    return { path, state: 'elsewhere too', where: `pushed${head === undefined ? '' : ` (${head})`}` };
  const kept = await host.run(['git', '-C', path, 'rev-parse', '--verify', '--quiet', mark(run)], {
    reject: false,
    signal,
  });
  const why = reasons.map(({ detail }) => detail).join(', ');
  return kept.exitCode === 0
    ? { path, state: 'kept', where: `${mark(run)} (${kept.stdout.trim()}): ${why}` }
    : { path, state: 'only here', where: why };
}

/**
 * Pushes what only this clone has: its branch where that goes forward, and all else under a ref. The hook that refuses
 * pushes of a host without the loops does not count here: the key of this host is still let in, for this.
 */
export async function keepWork(
  host: Host,
  { path, branch }: { readonly path: string; readonly branch: string },
  run: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await keptWork(host, path, run, signal)).state !== 'only here') return;
  await host.run(['git', '-C', path, 'push', '--quiet', '--no-verify', 'origin', `HEAD:${branch}`], {
    reject: false,
    signal,
  });
  if ((await keptWork(host, path, run, signal)).state !== 'only here') return;
  const { commit } = await salvageClone(host, path, { signal });
  await host.run(['git', '-C', path, 'update-ref', mark(run), commit], { signal });
  await host.run(
    ['git', '-C', path, 'push', '--quiet', '--no-verify', 'origin', `${mark(run)}:${mark(run)}`],
    {
      signal,
    },
  );
}
