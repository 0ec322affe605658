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
