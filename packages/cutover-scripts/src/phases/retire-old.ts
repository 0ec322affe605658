import { describeOwnership } from '@cutover/loops';
import { inspectClone, provesStopped } from '@cutover/loops/safe-point';
import type { Step } from '@cutover/runbook';
import { describeUnsafe } from '../old-rig/safe-point.ts';
import { readOwner } from '../ownership/ownership.ts';
import { oldHome } from '../old-rig/old-places.ts';
import { keysOnOldHost } from '../old-rig/revoked-keys.ts';
import { oldClones, oldProcessesForRoot, rigConfigFile } from '../rig/rig.ts';
import { notRunning, rigStatus } from '../rig/rig-status.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';

const phase = 'e-hand-over';
const second = 1000;

/** What must be true before the cold standby may go: the new host has proven itself, and nothing is only on the old one. */
export const seeRetirable = step({
  id: 'see-retirable',
  version: 1,
  phase,
  title: 'see that the old host is needed no more',
  on: ['new host', 'forge'],
  kind: 'reversible',
  needs: [],
  inputs: ({ settings: { name, old } }) => ({ owner: name, old: old.name }),
  async check({ world, signal, completed }) {
    const { settings, rig } = world;
    const [moved, proven] = [completed('main'), completed('reboot-proof')];
    const [found, status, idle, onlyThere] = await Promise.all([
      readOwner(world, signal),
      rigStatus(await world.targetRig(signal), rigConfigFile(rig.rig), signal),
      provesStopped(world.old, { processes: oldProcessesForRoot(settings), signal }),
      workOnlyOnOld(world, signal),
    ]);
    const missing = notRunning(status);
    const evidence = {
      owner: found?.owner ?? null,
      epoch: found?.epoch ?? 0,
      handedOver: moved ?? null,
      rebootProof: proven ?? null,
      missing,
      onlyThere,
    };
    const problems = [
      ...(found?.owner === settings.name ? [] : [`the loops are ${describeOwnership(found)}`]),
      ...(moved === undefined ? ['the cutover is not complete: `cutover run`'] : []),
      ...(proven === undefined ? ['no reboot of the new host is proven: `cutover reboot-proof`'] : []),
      ...missing.map((name) => `${name} does not run on ${settings.name}`),
      ...(idle.stopped ? [] : [`something of the old rig runs on ${settings.old.name}`]),
      ...onlyThere.map((one) => `work is only there: ${one}`),
    ];
    return problems.length === 0
      ? { state: 'satisfied', evidence }
      : { state: 'conflict', evidence, reason: problems.join('; ') };
  },
  holdsUntil: 'delete-old-workspace',
  timeout: 60 * second,
});

/** Where the workspace lies while it is deleted: what is left of one that was cut off is known by it, and is no work. */
function goingPlace({ settings: { old } }: World): string {
  return `${old.workspace.replace(/\/+$/, '')}.cutover-retired`;
}

async function isThere(
  { old }: World,
  path: string,
  signal: AbortSignal,
  kind: 'anything' | 'link' = 'anything',
): Promise<boolean> {
  const argv = ['test', kind === 'link' ? '-L' : '-e', path];
  const { exitCode } = await old.run(argv, { reject: false, signal });
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`${old.name} cannot say whether ${path} is there`);
  return exitCode === 0;
}

/** What the clones of the old host hold and no remote does. A folder that git cannot read may hold anything. */
async function workOnlyOnOld(world: World, signal: AbortSignal): Promise<string[]> {
  const { settings, oldRig } = world;
  if (!(await isThere(world, settings.old.workspace, signal))) return [];
  // Its key is revoked: no clone there can ask its remote any more, nor has it pushed since.
  const fetch = (await keysOnOldHost(world, signal)).length === 0;
  const clones = await Promise.all(
    oldClones(settings).map((path) => inspectClone(oldRig, path, { fetch, signal })),
  );
  return clones.filter(({ safe }) => !safe).map(describeUnsafe);
}

/** C2: from here on there is nothing to go back to. */
export const deleteOldWorkspace = step({
  id: 'delete-old-workspace',
  version: 1,
  phase,
  title: 'delete the workspace of the old host',
  on: ['old host'],
  kind: 'irreversible',
  commitPoint: 'C2',
  needsClaim: true,
  needs: [seeRetirable],
  inputs: ({ settings: { old } }) => ({ host: old.name, workspace: old.workspace }),
  gate: {
    kind: 'approval',
    question: 'Delete the workspace of the old host for good? No rollback is left after it.',
    timeout: 24 * 3600 * second,
  },
  async check({ world, signal, evidence: of }) {
    const { workspace, name } = world.settings.old;
    const there = await Promise.all(
      [workspace, goingPlace(world)].map((path) => isThere(world, path, signal)),
    );
    const { owner, rebootProof } = of(seeRetirable);
    const evidence = { host: name, workspace, owner, rebootProof };
    // Only the link would go, and what it names would stay.
    if (await isThere(world, workspace, signal, 'link')) {
      const reason = `${workspace} on ${name} is a symbolic link; delete by hand what it names, then the link`;
      return { state: 'conflict', evidence, reason };
    }
    return { state: there.includes(true) ? 'absent' : 'satisfied', evidence };
  },
  async apply(context) {
    const { world, signal } = context;
    const { settings, old } = world;
    const { workspace } = settings.old;
    const home = await oldHome(world, signal);
    // A workspace of one part, as /srv, and one that the user's home is in, hold more than a rig.
    const parts = workspace.split('/').filter((part) => part !== '');
    if (parts.length < 2 || `${home}/`.startsWith(`/${parts.join('/')}/`))
      throw new Error(`${workspace} holds more than the rig; delete it by hand`);
    // The gate may have been open for a day.
    const now = await seeRetirable.check?.(context);
    if (now?.state !== 'satisfied')
      throw new Error(
        `the old host is needed again: ${now !== undefined && 'reason' in now ? now.reason : 'look'}`,
      );
    const going = goingPlace(world);
    if (await isThere(world, workspace, signal))
      await old.run(['mv', '-T', '--', workspace, going], { signal });
    await old.run(['rm', '-rf', '--one-file-system', '--', going], { signal });
  },
  timeout: 1800 * second,
});

/** Retiring the old host: its own list, with its own gate, long after the cutover. */
export const retireOldSteps: readonly Step<World>[] = [seeRetirable, deleteOldWorkspace];
