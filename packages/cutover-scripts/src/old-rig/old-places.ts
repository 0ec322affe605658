import type { World } from '../world/world.ts';

/**
 * The home of the user whose loops run on the old host, as that host says.
 *
 * @throws {Error} it knows no such user.
 */
export async function oldHome({ settings, old }: World, signal: AbortSignal): Promise<string> {
  const { user } = settings.old;
  const { stdout } = await old.run(['getent', 'passwd', '--', user], { reject: false, signal });
  const home = stdout.split(':')[5] ?? '';
  if (home === '') throw new Error(`${old.name} knows no user ${user}; see old.user in cutover.yaml`);
  return home;
}

/** Whether the old rig's workspace is there; after `cutover retire-old` it is not. */
export async function hasWorkspace({ settings, old }: World, signal: AbortSignal): Promise<boolean> {
  const { workspace, name } = settings.old;
  const { exitCode } = await old.run(['test', '-d', workspace], { reject: false, signal });
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`${name} cannot say whether ${workspace} is there`);
  return exitCode === 0;
}
