import type { Host } from '@cutover/host';
import { on } from '@cutover/host/zx';
import { CutoverError } from '../errors.ts';
import { homeOf } from '../rig/rig.ts';
import { fingerprintOf } from '../world/fence.ts';
import type { World } from '../world/world.ts';
import type { HostKey } from './host-key.ts';
import keysLetIn from './keys-let-in.sh';
import { askForgeFromOld } from './reaches-forge.ts';

/** The keys in a home on `host` that the forge lets in, by their fingerprints. Private ones need no `.pub` beside them. */
export async function keysAtForge(
  world: World,
  host: Host,
  home: string,
  signal: AbortSignal,
): Promise<HostKey[]> {
  const { forge } = world;
  if (forge.byHand === true) return keysThatOpen(world, host, home, signal);
  const $ = on(host, { shell: 'sh' })({ signal });
  const [publicKeys, let_] = await Promise.all([
    $`for file in ${home}/.ssh/*; do
      [ -f "$file" ] || continue
      case $file in
        *.pub) cat "$file" ;;
        *) ! head -n 1 "$file" | grep -q PRIVATE || ssh-keygen -y -P '' -f "$file" 2>/dev/null || : ;;
      esac
    done`.lines(),
    forge.fence.list(signal),
  ]);
  const found = publicKeys
    .filter((line) => /^\S+ \S+/.test(line))
    .map((line) => line.split(' ').slice(0, 2).join(' '));
  return [...new Set(found)].flatMap((publicKey) => {
    const fingerprint = fingerprintOf(publicKey);
    return let_
      .filter((key) => key.fingerprint === fingerprint)
      .map(({ name, repositories }) => ({
        name,
        fingerprint,
        publicKey,
        ...(repositories === undefined ? {} : { repositories: [...repositories] }),
      }));
  });
}

/** The keys in a home on `host` that open one of the rig's repositories: a forge without an API does not list them. */
async function keysThatOpen(
  { forge, settings }: World,
  host: Host,
  home: string,
  signal: AbortSignal,
): Promise<HostKey[]> {
  const urls = (forge.keyedRepositories ?? []).map((repository) => forge.url(repository));
  if (!urls.some((url) => url.startsWith('ssh:'))) return [];
  const argv = ['sh', '-s', '--', `${home}/.ssh`, ...urls];
  const { stdout } = await host.run(argv, { input: keysLetIn, signal });
  const name =
    home === homeOf(settings.new.user) && host.name === settings.name ? settings.name : settings.old.name;
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ').slice(0, 2).join(' '))
    .map((publicKey) => ({ name, fingerprint: fingerprintOf(publicKey), publicKey }));
}

/** Which of the keys the forge still lets in. */
export async function keysStillIn(
  { forge }: World,
  keys: readonly { readonly fingerprint: string }[],
  signal: AbortSignal,
): Promise<string[]> {
  const list = await forge.fence.list(signal);
  return list
    .map(({ fingerprint }) => fingerprint)
    .filter((one) => keys.some((key) => key.fingerprint === one));
}

/**
 * What became of the access of the old host. It is asked from there too: it may reach the forge by a key or a token that
 * we do not know. Where none of its keys was found at the forge, nothing was taken away.
 *
 * @param askedLately it was asked from there moments ago, and refused.
 */
export async function keyOfOldHost(
  world: World,
  { keys, agent }: { readonly keys: readonly HostKey[]; readonly agent: string | null },
  signal: AbortSignal,
  askedLately = false,
): Promise<'revoked' | 'valid' | 'cannot'> {
  const { byHand } = world.forge;
  const [left, answers] = await Promise.all([
    byHand === true ? [] : keysStillIn(world, keys, signal),
    askedLately ? [] : askForgeFromOld(world, agent, signal),
  ]);
  if (left.length > 0 || answers.some(({ answer }) => answer !== 'refused')) return 'valid';
  // By hand it may have been a token that was taken away; what counts is that nothing lets it in.
  return keys.length === 0 && byHand !== true ? 'cannot' : 'revoked';
}

/** Both hosts have one key, so taking it away fences neither. Nothing was changed. */
export class SharedKeyError extends CutoverError {
  override readonly name = 'SharedKeyError';
  readonly code = 'SHARED_KEY';
  readonly fingerprint: string;

  constructor(fingerprint: string) {
    super(
      `${fingerprint} is the key of both hosts, so taking it away fences neither; give each its own, then resume`,
    );
    this.fingerprint = fingerprint;
  }
}
