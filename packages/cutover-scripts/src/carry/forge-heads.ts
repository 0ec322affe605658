import type { World } from '../world/world.ts';
import script from './clone-heads.sh';
import type { CloneState, WantedClone } from './working-clones.ts';

/**
 * How all clones on the new host stand to their forge: it is asked from here, once for each branch, and the clones all at once.
 *
 * @throws {CommandError} the forge does not answer.
 */
export async function inspectAgainstForge(
  { gitHere, targetRig }: Pick<World, 'gitHere' | 'targetRig'>,
  clones: readonly WantedClone[],
  signal: AbortSignal,
): Promise<readonly CloneState[]> {
  const asked = new Map<string, Promise<string>>();
  const headOf = ({ url, branch }: WantedClone): Promise<string> => {
    const name = `${url} ${branch}`;
    const head =
      asked.get(name) ??
      gitHere
        .run(['git', 'ls-remote', '--', url, `refs/heads/${branch}`], { signal })
        .then(({ stdout }) => stdout.split('\t')[0] ?? '');
    asked.set(name, head);
    return head;
  };
  const [user, heads] = await Promise.all([targetRig(signal), Promise.all(clones.map(headOf))]);
  // An unborn branch has no head; `0` is none that a clone could have.
  const words = clones.flatMap(({ path, url }, index) => [path, url, heads[index] || '0']);
  const { stdout } = await user.run(['sh', '-c', script, 'sh', ...words], { signal });
  const found = new Map(stdout.split('\n').map((line) => [line.split(' ').slice(2).join(' '), line]));
  return clones.map(({ path }, index) => {
    const [state, head] = found.get(path)?.split(' ') ?? [];
    const remoteHead = heads[index];
    if (state === 'current' || state === 'behind')
      return {
        path,
        state,
        ...(head === undefined ? {} : { head }),
        ...(remoteHead === undefined ? {} : { remoteHead }),
      };
    return { path, state: state === 'foreign' ? 'foreign' : 'absent' };
  });
}
