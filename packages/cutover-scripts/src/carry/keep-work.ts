import type { Host } from '@cutover/host';
import { inspectClone, salvageClone } from '@cutover/loops/safe-point';
import cloneState from './clone-state.sh';

/** Where the work of a clone is: nothing is only there, or the remote has it under a ref, or neither. */
export interface KeptWork {
  readonly path: string;
  readonly state: 'elsewhere too' | 'kept' | 'only here';
  /** In words, for the report. */
  readonly where: string;
}

/**
 * The ref that holds what this clone holds now. What it held earlier, in the same run too, is under another: a ref that is
 * there says nothing about work that came after it.
 */
async function salvageRef(host: Host, path: string, run: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await host.run(['sh', '-c', cloneState, 'sh', path], { signal });
  return `refs/salvage/cutover-${run}-${stdout.trim()}`;
}

/**
 * Looks whether anything is only in this clone. The remote is asked: a ref in the clone itself keeps nothing.
 *
 * @throws {CommandError} the remote does not answer.
 */
export async function keptWork(
  host: Host,
  path: string,
  run: string,
  signal: AbortSignal,
): Promise<KeptWork> {
  const { safe, head, reasons } = await inspectClone(host, path, { signal });
  if (safe) return { path, state: 'elsewhere too', where: `pushed${head === undefined ? '' : ` (${head})`}` };
  if (reasons.every(({ code }) => code === 'not-a-clone'))
    return { path, state: 'elsewhere too', where: 'no clone is there' };
  const why = reasons.map(({ detail }) => detail).join(', ');
  const ref = await salvageRef(host, path, run, signal);
  const asked = await host.run(['git', '-C', path, 'ls-remote', 'origin', ref], { signal });
  const [commit = ''] = asked.stdout.split('\t');
  return commit === ''
    ? { path, state: 'only here', where: why }
    : { path, state: 'kept', where: `${ref} (${commit}): ${why}` };
}

/**
 * Pushes what only this clone has: its branch where that goes forward, and all else under a ref. The hook that refuses
 * pushes of a host without the loops does not count here: the key of this host is still let in, for this.
 *
 * @returns what could not be kept, and why.
 * @throws {CommandError} the remote did not take it.
 */
export async function keepWork(
  host: Host,
  { path, branch }: { readonly path: string; readonly branch: string },
  run: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const push = ['git', '-C', path, 'push', '--quiet', '--no-verify', 'origin'];
  if ((await keptWork(host, path, run, signal)).state !== 'only here') return [];
  await host.run([...push, `HEAD:${branch}`], { reject: false, signal });
  if ((await keptWork(host, path, run, signal)).state !== 'only here') return [];
  const { commit, notKept } = await salvageClone(host, path, { push: false, signal });
  await host.run([...push, `${commit}:${await salvageRef(host, path, run, signal)}`], { signal });
  return notKept;
}
