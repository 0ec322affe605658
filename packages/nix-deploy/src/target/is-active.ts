import type { Host } from '@cutover/host';

import type { Settings } from '../options.ts';
import type { TargetFacts } from './facts.ts';
import { specialised } from './specialised.ts';

type Links = Pick<TargetFacts, 'currentSystem' | 'profileSystem'>;

/**
 * Whether a system runs and boots already, as far as the action is concerned. The facts are as old as the build, and a
 * `nixos-rebuild` by hand does not take our lock: where they say so, the target is asked once more.
 */
export async function isActive(
  host: Host,
  facts: Links,
  system: string,
  {
    action,
    specialisation,
    targetPaths,
    signal,
  }: Pick<Settings, 'action' | 'specialisation' | 'targetPaths' | 'signal'>,
): Promise<boolean> {
  const wanted =
    specialisation === undefined ? system : await realPath(host, specialised(system, specialisation), signal);
  const holds = ({ currentSystem, profileSystem }: Links): boolean => {
    const runs = currentSystem !== undefined && currentSystem === wanted;
    const boots = profileSystem === system;
    if (action === 'boot') return boots;
    return action === 'test' ? runs : runs && boots;
  };
  if (!holds(facts)) return false;
  const [currentSystem, profileSystem] = await Promise.all([
    realPath(host, targetPaths.current, signal),
    realPath(host, targetPaths.profile, signal),
  ]);
  return holds({ currentSystem, profileSystem });
}

/** What a link names on a host; `undefined` where there is none. */
async function realPath(host: Host, path: string, signal?: AbortSignal): Promise<string | undefined> {
  const { exitCode, stdout } = await host.run(['readlink', '-e', path], {
    reject: false,
    signal,
  });
  return exitCode === 0 ? stdout.trim() : undefined;
}
