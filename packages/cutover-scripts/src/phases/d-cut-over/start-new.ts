import { provesStopped } from '@cutover/loops/safe-point';
import type { Evidence, StepContext } from '@cutover/runbook';
import { carryingUnits } from '../../old-rig/carrying-units.ts';
import { fenceStarts, inspectStarts, openStarts } from '../../old-rig/start-fence.ts';
import { holdOldStopped } from '../../old-rig/hold-old-stopped.ts';
import { stopOldRig } from '../../old-rig/stop-old-rig.ts';
import { onOldHost } from '../../ownership/pass-by.ts';
import { findHandoff, noHandoff, waitForHandoff } from '../../rig/handoff.ts';
import { askHealth } from '../../rig/health.ts';
import { armedFile, bootService, oldProcesses, rigConfigFile, tmuxService } from '../../rig/rig.ts';
import { notRunning, rigStatus, waitForLoops } from '../../rig/rig-status.ts';
import { unitState } from '../../new-host/unit-state.ts';
import { step } from '../../world/step.ts';
import type { World } from '../../world/world.ts';
import { lastSync } from './move-over.ts';

const phase = 'd-cut-over';
const second = 1000;

/** Its supervisor asks for the ownership before it starts a loop, and finds the grant. */
export const startLoops = step({
  id: 'start-new',
  version: 1,
  phase,
  title: 'start the loops on the new host by its boot service',
  on: ['new host'],
  kind: 'compensable',
  needsClaim: true,
  leaves: 'nothing: past C1 a rollback moves the loops back',
  inputs: ({ rig }) => ({ rig: rig.rig, service: bootService(rig.rig) }),
  async check({ world, signal }) {
    if (!(await isArmed(world, signal))) return { state: 'absent', evidence: {} };
    const status = await rigStatus(await world.targetRig(signal), rigConfigFile(world.rig.rig), signal);
    const missing = notRunning(status);
    return {
      state: missing.length === 0 ? 'satisfied' : 'partial',
      evidence: {
        running: status.loops.filter(({ state }) => state === 'running').map(({ name }) => name),
        missing,
        hold: status.hold ?? null,
        planPhase: status.phase?.index ?? null,
      },
    };
  },
  apply: async (context) => await startAndWait(context, await isArmed(context.world, context.signal)),
  timeout: 120 * second,
});

/** Whether its boot service is up, with what lets it start loops. */
async function isArmed(world: World, signal: AbortSignal): Promise<boolean> {
  const target = await world.target(signal);
  const answers = await Promise.all([
    target.run(['test', '-e', armedFile], { reject: false, signal }),
    target.run(['systemctl', 'is-active', bootService(world.rig.rig)], { reject: false, signal }),
  ]);
  return answers.every(({ exitCode }) => exitCode === 0);
}

/** @param armed its supervisor was up before, and starts the loops by itself: there is nothing to be done for it. */
async function startAndWait(
  { world, signal, progress, downtime }: StepContext<World>,
  armed: boolean,
): Promise<void> {
  const { rig } = world.rig;
  if (!armed) {
    const target = await world.target(signal);
    await target.writeFile(armedFile, `The loops of this host are armed.\n`, { mode: 0o644, signal });
    await target.run(['systemctl', 'start', tmuxService(rig), bootService(rig)], { signal });
  }
  progress('waiting for the loops');
  await waitForLoops(await world.targetRig(signal), rigConfigFile(rig), signal);
  await downtime('ends');
}

/** The same in a move: hours may lie between the grant and a resumed run, and a person may have started the old rig. */
export const startNew: typeof startLoops = {
  ...startLoops,
  async apply(context) {
    const { world, signal } = context;
    const [armed] = await Promise.all([isArmed(world, signal), holdOldStopped(world, signal)]);
    await startAndWait(context, armed);
  },
};

/** A new commit by the Builder, its claim and the Adversary's verdict on that very commit, all since the cutover. */
export const verifyHandoff = step({
  id: 'verify-handoff',
  version: 1,
  phase,
  title: 'see the loops hand over work',
  on: ['forge'],
  kind: 'reversible',
  needs: [startNew],
  inputs: ({ settings: { handoff } }) => ({ ...handoff }),
  async check({ world, signal, evidence }) {
    if (world.settings.handoff === undefined)
      return { state: 'satisfied', evidence: { ...noHandoff, complete: true } };
    const handoff = await findHandoff(world, evidence(lastSync), signal);
    return { state: handoff.complete ? 'satisfied' : 'absent', evidence: { ...handoff } };
  },
  async apply({ world, signal, progress, evidence }) {
    await waitForHandoff(world, evidence(lastSync), progress, signal);
  },
  // The loops go on: the next commit has no verdict yet.
  holdsUntil: 'verify-handoff',
  timeout: 24 * 3600 * second,
});

export const verifyHealth = step({
  id: 'verify-health',
  version: 1,
  phase,
  title: 'ask the public health page',
  on: ['here'],
  kind: 'reversible',
  needs: [startNew],
  inputs: ({ settings: { health } }) => ({ ...health }),
  async check({ world: { settings }, signal }) {
    if (settings.health === undefined) return { state: 'satisfied', evidence: { page: 'none configured' } };
    const answer = await askHealth(settings.health, signal);
    return answer.ok
      ? { state: 'satisfied', evidence: { ...answer } }
      : { state: 'conflict', evidence: { ...answer }, reason: `${answer.url} answered ${answer.status}` };
  },
  timeout: 60 * second,
});

/**
 * The old workspace is left whole, with nothing of the rig running beside it and nothing that starts it. An old host that
 * was off at the move and comes back late is found here.
 */
export const coldStandby = onOldHost<Evidence>(async () => ({}))({
  id: 'cold-standby',
  version: 2,
  phase,
  title: 'leave the old host as a cold standby',
  on: ['old host'],
  kind: 'reversible',
  needsClaim: true,
  needs: [verifyHandoff, verifyHealth],
  inputs: ({ settings: { old } }) => ({ units: old.standbyUnits }),
  async check({ world: { settings, old, oldRig }, signal }) {
    const [states, carrying, starts, rig] = await Promise.all([
      Promise.all(settings.old.standbyUnits.map((unit) => unitState(old, unit, signal))),
      carryingUnits(old, settings.old.standbyUnits, signal),
      inspectStarts(old, settings.old, signal),
      provesStopped(oldRig, { processes: oldProcesses(settings), signal }),
    ]);
    const carries = (unit: string): boolean => carrying.includes(unit);
    const running = [
      ...states
        .filter(({ unit, active, enabled }) => (active && !carries(unit)) || enabled)
        .map(({ unit }) => unit),
      ...rig.remaining.map(({ kind, detail }) => `${kind}: ${detail}`),
    ];
    const open = openStarts(starts);
    return {
      state: running.length === 0 && open.length === 0 ? 'satisfied' : 'absent',
      evidence: {
        workspace: settings.old.workspace,
        stopped: settings.old.standbyUnits.filter((unit) => !carries(unit)),
        untilItsNextBoot: [...carrying],
        running,
        open,
      },
    };
  },
  async apply({ world, signal }) {
    const { settings, old } = world;
    await stopOldRig(world, signal);
    await fenceStarts(old, settings.old, signal);
    const { standbyUnits } = settings.old;
    // What this connection comes by goes on until the old host boots again: a way back needs it.
    const carrying = await carryingUnits(old, standbyUnits, signal);
    const stopping = standbyUnits.filter((unit) => !carrying.includes(unit));
    if (standbyUnits.length > 0) await old.run(['systemctl', 'disable', ...standbyUnits], { signal });
    if (stopping.length > 0) await old.run(['systemctl', 'stop', ...stopping], { signal });
  },
  async undo({ world: { settings, old }, signal }) {
    await old.run(['systemctl', 'enable', '--now', ...settings.old.standbyUnits], { signal });
  },
  reapply: true,
  timeout: 120 * second,
});
