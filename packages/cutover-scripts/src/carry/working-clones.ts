import type { Host } from '@cutover/host';
import type { World } from '../world/world.ts';
import { newPath } from '../rig/rig.ts';

/** A repository to be cloned on a host. */
export interface WantedClone {
  readonly url: string;
  readonly branch: string;
  /** Absolute. */
  readonly path: string;
}

/** The working repositories of the config, with where they belong on the new host. */
export function wantedClones({ settings, forge }: World): WantedClone[] {
  return settings.repositories.map(({ repository, path, branch }) => ({
    url: forge.url(repository),
    branch,
    path: newPath(settings, path),
  }));
}

/** How a clone stands to its remote branch. */
export interface CloneState {
  readonly path: string;
  /** `foreign`: something else is at the path. `behind`: the remote branch has commits which it lacks. */
  readonly state: 'absent' | 'foreign' | 'behind' | 'current';
  readonly head?: string;
  readonly remoteHead?: string;
}

/** Looks at a clone and asks its remote. @throws {CommandError} the remote does not answer. */
export async function inspectWorkingClone(
  host: Host,
  wanted: WantedClone,
  signal: AbortSignal,
): Promise<CloneState> {
  const { path, url, branch } = wanted;
  const git = (...argv: string[]): Promise<string> =>
    host.run(['git', '-C', path, ...argv], { signal }).then(({ stdout }) => stdout.trim());
  const there = await host.run(['test', '-e', path], { reject: false, signal });
  if (there.exitCode !== 0) return { path, state: 'absent' };
  const origin = await host.run(['git', '-C', path, 'remote', 'get-url', 'origin'], {
    reject: false,
    signal,
  });
  if (origin.exitCode !== 0 || origin.stdout.trim() !== url) return { path, state: 'foreign' };
  const [remoteHead = ''] = (await git('ls-remote', 'origin', `refs/heads/${branch}`)).split('\t');
  const head = await git('rev-parse', 'HEAD');
  const has = await host.run(['git', '-C', path, 'merge-base', '--is-ancestor', remoteHead, 'HEAD'], {
    reject: false,
    signal,
  });
  return { path, state: has.exitCode === 0 ? 'current' : 'behind', head, remoteHead };
}

/** Clones afresh, beside the path first: a clone that is there is a whole one. */
export async function cloneAfresh(
  host: Host,
  { url, branch, path }: WantedClone,
  signal: AbortSignal,
): Promise<void> {
  const partial = `${path}.cutover-partial`;
  await host.run(['rm', '-rf', partial], { signal });
  await host.run(['mkdir', '-p', path.slice(0, path.lastIndexOf('/'))], { signal });
  await host.run(['git', 'clone', '--quiet', '--branch', branch, url, partial], { signal });
  await host.run(['mv', '-T', partial, path], { signal });
}

/** Brings a clone to its remote branch, forwards only. */
export async function pullForward(
  host: Host,
  { branch, path }: WantedClone,
  signal: AbortSignal,
): Promise<void> {
  await host.run(['git', '-C', path, 'pull', '--quiet', '--ff-only', 'origin', branch], { signal });
}
