import { forgeKeyFile } from '../rig/rig.ts';
import { fingerprintOf } from '../world/fence.ts';
import type { World } from '../world/world.ts';
import { orGivenUp } from './new-host-off.ts';

/** Whether the forge lets the loops' user of the new host in: it is asked from there. */
export async function forgeAnswers(world: World, signal: AbortSignal): Promise<boolean> {
  const { settings, forge } = world;
  const user = await world.targetRig(signal);
  const { exitCode } = await user.run(
    ['git', 'ls-remote', '--heads', forge.url(settings.ownership.repository)],
    {
      env: { GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' },
      reject: false,
      signal,
    },
  );
  return exitCode === 0;
}

/** Makes the key of the loops' user where there is none. @returns its public half, as in a .pub file. */
export async function bootstrapForgeKey(world: World, signal: AbortSignal): Promise<string> {
  const user = await world.targetRig(signal);
  const file = forgeKeyFile(world.settings.new.user);
  const there = await user.run(['test', '-s', file], { reject: false, signal });
  if (there.exitCode !== 0) {
    await user.run(['install', '-d', '-m', '0700', file.slice(0, file.lastIndexOf('/'))], { signal });
    await user.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', world.settings.name, '-f', file], {
      signal,
    });
  }
  const { stdout } = await user.run(['ssh-keygen', '-y', '-f', file], { signal });
  return `${stdout.trim().split(' ').slice(0, 2).join(' ')} ${world.settings.name}`;
}

/** The keys by which the forge lets the new host in: its own, or those under its name where it was given up. */
export async function keysOfNewHost(
  world: World,
  signal: AbortSignal,
): Promise<readonly { readonly fingerprint: string }[]> {
  const own = await orGivenUp(
    world,
    async () => fingerprintOf(await bootstrapForgeKey(world, signal)),
    signal,
  );
  if ('answer' in own) return [{ fingerprint: own.answer }];
  return (await world.forge.fence.list(signal)).filter(({ name }) => name === world.settings.name);
}
