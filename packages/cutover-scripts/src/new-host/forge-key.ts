import { isRefusal } from '../old-rig/reaches-forge.ts';
import { forgeKeyFile } from '../rig/rig.ts';
import { fingerprintOf } from '../world/fence.ts';
import { whyGitFailed } from '../world/git-failure.ts';
import type { World } from '../world/world.ts';
import mayPush from './may-push.sh';
import { noteNewKey, notedNewKeys } from './known-keys.ts';
import { orGivenUp } from './new-host-off.ts';
import { revokedNewKeys } from './revoked-keys.ts';

/** What git is told on a host when it asks the forge: by the host's own key, and without a question to anyone. */
const asking = { GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: 'ssh -o BatchMode=yes', LC_ALL: 'C' };

/** A repository that does not let the new host push, and what git said. */
export interface ShutRepository {
  readonly url: string;
  readonly said: string;
  /** `no answer`: a network that is down says nothing about a key. */
  readonly answer: 'refused' | 'no answer';
}

/** Which repositories do not let the loops' user of the new host in: it is asked from there. */
export async function shutToNewHost(world: World, signal: AbortSignal): Promise<ShutRepository[]> {
  const { settings, forge } = world;
  const user = await world.targetRig(signal);
  const common = { env: asking, signal } as const;
  if (forge.keyedRepositories === undefined) {
    const url = forge.url(settings.ownership.repository);
    const argv = ['git', 'ls-remote', '--heads', url];
    const { exitCode, stderr } = await user.run(argv, { ...common, reject: false });
    return exitCode === 0 ? [] : [{ url, ...answerIn(whyGitFailed(stderr)) }];
  }
  // One by one, and by a push: a key may be missing in one of them, or be there for reading only.
  const urls = forge.keyedRepositories.map((repository) => forge.url(repository));
  const { stdout } = await user.run(['sh', '-s', '--', ...urls], { ...common, input: mayPush });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [url = '', said = ''] = line.split('\t');
      return { url, ...answerIn(said) };
    });
}

function answerIn(said: string): Pick<ShutRepository, 'said' | 'answer'> {
  return { said, answer: isRefusal(said) ? 'refused' : 'no answer' };
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
  const publicKey = stdout.trim().split(' ').slice(0, 2).join(' ');
  await noteNewKey(world, fingerprintOf(publicKey));
  return `${publicKey} ${world.settings.name}`;
}

/**
 * The keys by which the forge lets the new host in: its own; of one that was given up those that are known of it, under
 * whatever name the forge has them, and those under its name. None: it is not known by what it pushes.
 */
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
  const named = (await world.forge.fence.list(signal)).filter(({ name }) => name === world.settings.name);
  const known = [
    ...(await notedNewKeys(world)),
    ...(await revokedNewKeys(world)),
    ...named.map(({ fingerprint }) => fingerprint),
  ];
  return [...new Set(known)].map((fingerprint) => ({ fingerprint }));
}
