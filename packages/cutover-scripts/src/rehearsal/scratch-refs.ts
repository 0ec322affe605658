import { describeOwnership, grantOwnership, readOwnership } from '@cutover/loops';
import { ownershipRef } from '../ownership/ownership.ts';
import { lookFirst } from '../phases/a-provision.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';
import { scratchBranch } from './scratch-configs.ts';

const second = 1000;

/** The stand-ins are started by a supervisor that asks for the ownership, as the real loops are. */
export const takeScratchOwnership = step({
  id: 'scratch-ownership',
  version: 1,
  phase: 'a-provision',
  title: 'grant the stand-in loops to the rehearsal, under a ref of their own',
  on: ['forge'],
  kind: 'reversible',
  needs: [lookFirst],
  inputs: ({ settings: { name, ownership } }) => ({ owner: name, ref: ownership.ref }),
  async check({ world, signal }) {
    const found = await readOwnership(world.gitHere, { ...ownershipRef(world), signal });
    if (found === undefined) return { state: 'absent', evidence: {} };
    const evidence = { owner: found.owner ?? null, epoch: found.epoch };
    if (found.owner === world.settings.name) return { state: 'satisfied', evidence };
    const reason = `${world.settings.ownership.ref} is another's: ${describeOwnership(found)}; end that rehearsal first`;
    return { state: 'conflict', evidence, reason };
  },
  async apply({ world, signal, runId }) {
    const { settings, gitHere } = world;
    const place = { ...ownershipRef(world), signal };
    const { lease } = settings.ownership;
    await grantOwnership(gitHere, { ...place, expected: undefined, to: settings.name, run: runId, lease });
  },
  async undo({ world, signal }) {
    await deleteRefs(world, world.settings.ownership.repository, [world.settings.ownership.ref], signal);
    await deleteRefs(world, world.settings.repository, [`refs/heads/${scratchBranch}`], signal);
  },
  timeout: 60 * second,
});

/** Takes refs away at the forge, those that are there. */
async function deleteRefs(
  { forge, gitHere, workDirectory }: World,
  repository: string,
  refs: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const url = forge.url(repository);
  const listed = await gitHere.run(['git', 'ls-remote', '--', url, ...refs], { reject: false, signal });
  if (listed.exitCode !== 0 && !(await forge.answers(signal)))
    throw new Error(`${url} does not answer: ${listed.stderr.trim()}`);
  const there = listed.stdout.split('\n').flatMap((line) => line.split('\t')[1] ?? []);
  if (there.length === 0) return;
  const git = ['git', '-C', `${workDirectory}/ownership.git`];
  await gitHere.run([...git, 'push', '--quiet', url, ...there.map((ref) => `:${ref}`)], { signal });
}
