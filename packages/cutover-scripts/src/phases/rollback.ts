import type { Step } from '@cutover/runbook';
import { claimOwnership, provesStopped, readOwnership } from '@cutover/loops';
import { startOldRig } from '../old-rig/start-old-rig.ts';
import { ownershipRef } from '../rig/ownership.ts';
import { readResumePoint, writeResumePoint } from '../carry/resume-point.ts';
import {
  armedFile,
  bootService,
  newPath,
  newProcesses,
  oldClones,
  oldPath,
  oldProcesses,
  rigConfigFile,
  tmuxService,
} from '../rig/rig.ts';
import { unfenceStarts, inspectStarts } from '../old-rig/start-fence.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';

const phase = 'd-cut-over';
const second = 1000;
/** A way back is not undone: the way forward is the cutover itself. */
const wayBack = { leaves: 'the loops on the old host' };

const quiesceNew = step({
  id: 'back-quiesce-new',
  version: 1,
  phase,
  title: 'stop the new rig at a safe point',
  kind: 'compensable',
  inputs: ({ rig }) => ({ rig: rig.rig }),
  async check({ world, signal }) {
    const user = await world.targetRig(signal);
    const { stopped, remaining } = await provesStopped(user, { processes: newProcesses(world.rig), signal });
    return { state: stopped ? 'satisfied' : 'absent', evidence: { running: remaining.length } };
  },
  async apply({ world, signal, downtime }) {
    const { rig } = world.rig;
    const user = await world.targetRig(signal);
    await user.run(['loops', 'quiesce', '--config', rigConfigFile(rig)], { signal });
    await downtime('begins');
    const target = await world.target(signal);
    await target.run(['rm', '-f', armedFile], { signal });
    await target.run(['systemctl', 'stop', bootService(rig), tmuxService(rig)], { signal });
  },
  ...wayBack,
  timeout: 3600 * second,
});

/** Without that file the boot service starts nothing, not even after a reboot. */
const disarmNew = step({
  id: 'back-disarm-new',
  version: 1,
  phase,
  title: 'take the start of the new rig away',
  kind: 'compensable',
  inputs: () => ({ armedFile }),
  async check({ world, signal }) {
    const target = await world.target(signal);
    const armed = await target.run(['test', '-e', armedFile], { reject: false, signal });
    return {
      state: armed.exitCode === 0 ? 'absent' : 'satisfied',
      evidence: { armed: armed.exitCode === 0 },
    };
  },
  async apply({ world, signal }) {
    const target = await world.target(signal);
    await target.run(['rm', '-f', armedFile], { signal });
  },
  ...wayBack,
  timeout: 60 * second,
});

/** The work went to the forge; the resume point went to the new host. Both come back. */
const syncBack = step({
  id: 'back-sync',
  version: 1,
  phase,
  title: 'carry the work and the resume point back',
  kind: 'compensable',
  inputs: ({ settings: { old } }) => ({ resumePoint: old.resumePoint, clones: old.clones }),
  async check({ world, signal }) {
    const { settings, old, oldRig } = world;
    const [there, here, behind] = await Promise.all([
      readResumePoint(old, oldPath(settings, settings.old.resumePoint), signal),
      readResumePoint(await world.target(signal), newPath(settings, settings.old.resumePoint), signal),
      Promise.all(
        oldClones(settings).map(async (clone) => {
          const git = ['git', '-C', clone];
          await oldRig.run([...git, 'fetch', '--quiet'], { signal });
          const count = await oldRig.run([...git, 'rev-list', '--count', 'HEAD..@{upstream}'], { signal });
          return Number(count.stdout);
        }),
      ),
    ]);
    const current = behind.every((commits) => commits === 0);
    return {
      state: there === here && current ? 'satisfied' : 'partial',
      evidence: { planPhase: here ?? null, behind },
    };
  },
  async apply({ world, signal }) {
    const { settings, old, oldRig } = world;
    const index = await readResumePoint(
      await world.target(signal),
      newPath(settings, settings.old.resumePoint),
      signal,
    );
    if (index === undefined) throw new Error(`${settings.name} has no resume point; put it back by hand`);
    await writeResumePoint(
      old,
      oldPath(settings, settings.old.resumePoint),
      index,
      settings.old.user,
      signal,
    );
    for (const clone of oldClones(settings)) {
      await oldRig.run(['git', '-C', clone, 'pull', '--quiet', '--ff-only'], { signal });
    }
  },
  ...wayBack,
  timeout: 600 * second,
});

const claimBack = step({
  id: 'back-claim-epoch',
  version: 1,
  phase,
  title: 'move the ownership of the loops back',
  kind: 'compensable',
  inputs: ({ settings: { name, old } }) => ({ from: name, to: old.name }),
  async check({ world, signal }) {
    const { settings, gitHere } = world;
    const found = await readOwnership(gitHere, { ...ownershipRef(world), signal });
    const evidence = { owner: found?.owner ?? null, epoch: found?.epoch ?? 0 };
    if (found?.owner === settings.old.name) return { state: 'satisfied', evidence };
    if (found?.owner === settings.name) return { state: 'absent', evidence };
    const reason = `${found?.owner ?? 'no host'} owns the loops, which is neither host of this cutover`;
    return { state: 'conflict', evidence, reason };
  },
  async apply({ world, signal, owner }) {
    const { settings, gitHere } = world;
    const from = await readOwnership(gitHere, { ...ownershipRef(world), signal });
    const to = settings.old.name;
    const { epoch } = await claimOwnership(gitHere, { ...ownershipRef(world), from, to, signal });
    await owner(to, epoch);
  },
  ...wayBack,
  timeout: 60 * second,
});

const enableOld = step({
  id: 'back-enable-old',
  version: 1,
  phase,
  title: 'give the starts of the old rig back',
  kind: 'compensable',
  inputs: ({ settings: { old } }) => ({ units: old.units, standby: old.standbyUnits }),
  async check({ world: { settings, old }, signal }) {
    const starts = await inspectStarts(old, settings.old, signal);
    const given = starts.scriptExecutable && starts.startableUnits.length === settings.old.units.length;
    return { state: given ? 'satisfied' : 'absent', evidence: { ...starts } };
  },
  async apply({ world: { settings, old }, signal }) {
    await unfenceStarts(old, settings.old, signal);
    const { standbyUnits } = settings.old;
    if (standbyUnits.length > 0) await old.run(['systemctl', 'enable', '--now', ...standbyUnits], { signal });
  },
  ...wayBack,
  timeout: 60 * second,
});

const startOld = step({
  id: 'back-start-old',
  version: 1,
  phase,
  title: 'start the old rig again',
  kind: 'compensable',
  inputs: ({ settings: { old } }) => ({ start: old.start }),
  async check({ world: { settings, oldRig }, signal }) {
    const { stopped, remaining } = await provesStopped(oldRig, { processes: oldProcesses(settings), signal });
    return { state: stopped ? 'absent' : 'satisfied', evidence: { running: remaining.length } };
  },
  async apply({ world, signal, downtime }) {
    await startOldRig(world, signal);
    await downtime('ends');
  },
  ...wayBack,
  timeout: 120 * second,
});

/**
 * The way back once the new host has written work of its own: a cutover in the other direction, with the same order.
 * Stop, prove, sync, move the ownership with a higher epoch, start.
 */
export const rollbackSteps: readonly Step<World>[] = [
  quiesceNew,
  disarmNew,
  syncBack,
  claimBack,
  enableOld,
  startOld,
];
