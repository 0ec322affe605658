import { describeOwnership } from '@cutover/loops';
import { inspectClone, provesStopped } from '@cutover/loops/safe-point';
import type { Step } from '@cutover/runbook';
import { describeUnsafe } from '../old-rig/safe-point.ts';
import { readOwner } from '../ownership/ownership.ts';
import { oldClones, oldProcesses, rigConfigFile } from '../rig/rig.ts';
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
  kind: 'reversible',
  needs: [],
  inputs: ({ settings: { name, old } }) => ({ owner: name, old: old.name }),
  async check({ world, signal, completed }) {
    const { settings, oldRig, rig } = world;
    const [moved, proven] = [completed('main'), completed('reboot-proof')];
    const [found, status, idle, clones] = await Promise.all([
      readOwner(world, signal),
      rigStatus(await world.targetRig(signal), rigConfigFile(rig.rig), signal),
      provesStopped(oldRig, { processes: oldProcesses(settings), signal }),
      Promise.all(oldClones(settings).map((path) => inspectClone(oldRig, path, { signal }))),
    ]);
    const missing = notRunning(status);
    const onlyThere = clones
      .filter(({ safe, reasons }) => !safe && !reasons.every(({ code }) => code === 'not-a-clone'))
      .map(describeUnsafe);
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

/** C2: from here on there is nothing to go back to. */
export const deleteOldWorkspace = step({
  id: 'delete-old-workspace',
  version: 1,
  phase,
  title: 'delete the workspace of the old host',
  kind: 'irreversible',
  commitPoint: 'C2',
  needs: [seeRetirable],
  inputs: ({ settings: { old } }) => ({ host: old.name, workspace: old.workspace }),
  gate: {
    kind: 'approval',
    question: 'Delete the workspace of the old host for good? No rollback is left after it.',
    timeout: 24 * 3600 * second,
  },
  async check({ world: { settings, old }, signal, evidence: of }) {
    const { workspace, name } = settings.old;
    const there = await old.run(['test', '-e', workspace], { reject: false, signal });
    if (there.exitCode !== 0 && there.exitCode !== 1)
      throw new Error(`${name} cannot say whether ${workspace} is there`);
    const { owner, rebootProof } = of(seeRetirable);
    const evidence = { host: name, workspace, owner, rebootProof };
    return { state: there.exitCode === 0 ? 'absent' : 'satisfied', evidence };
  },
  async apply({ world: { settings, old }, signal }) {
    const { workspace } = settings.old;
    // A workspace of one part, as /home or /srv, holds more than a rig.
    if (workspace.split('/').filter((part) => part !== '').length < 2)
      throw new Error(`${workspace} holds more than the rig; delete it by hand`);
    await old.run(['rm', '-rf', '--one-file-system', '--', workspace], { signal });
  },
  timeout: 1800 * second,
});

/** Retiring the old host: its own list, with its own gate, long after the cutover. */
export const retireOldSteps: readonly Step<World>[] = [seeRetirable, deleteOldWorkspace];
