import type { Evidence, Step } from '@cutover/runbook';
import { setTimeout as delay } from 'node:timers/promises';
import { readOwnership } from '@cutover/loops';
import { provesStopped } from '@cutover/loops/safe-point';
import { attachedClients } from '../rig/attached-clients.ts';
import { ownershipRef } from '../ownership/ownership.ts';
import { offWord, onOldHost, withAdvice } from '../ownership/pass-by.ts';
import { newPath, oldPath, oldProcesses, rigConfigFile } from '../rig/rig.ts';
import { notRunning, rigStatus } from '../rig/rig-status.ts';
import { stateNote } from '../rig/state-note.ts';
import { hasWorkspace } from '../old-rig/old-places.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';
import { grantNew, lastSync } from './d-cut-over/move-over.ts';
import { verifyHandoff } from './d-cut-over/start-new.ts';

const phase = 'e-hand-over';
const second = 1000;

/** What the next reader must know, on both sides. */
const writeStateNote = step({
  id: 'write-state-note',
  version: 1,
  phase,
  title: 'write the state note of the old side',
  on: ['old host', 'new host'],
  kind: 'reversible',
  inputs: ({ settings: { orchestrator } }) => ({ note: orchestrator.stateNote }),
  async check(context) {
    const { world, signal, runId } = context;
    const { settings, old } = world;
    const { word } = await offWord(context);
    const note = settings.orchestrator.stateNote;
    const places = [
      { host: await world.target(signal), path: newPath(settings, note) },
      ...(word === undefined && (await withAdvice(context, () => hasWorkspace(world, signal)))
        ? [{ host: old, path: oldPath(settings, note) }]
        : []),
    ];
    const look = async (): Promise<boolean> => {
      const argv = ['grep', '-qF', `cutover ${runId}`];
      const found = await Promise.all(
        places.map(({ host, path }) => host.run([...argv, path], { reject: false, signal })),
      );
      return found.every(({ exitCode }) => exitCode === 0);
    };
    const there = await withAdvice(context, look);
    const attested = word === undefined ? {} : { attested: { ...word } };
    return { state: there ? 'satisfied' : 'absent', evidence: { note, ...attested } };
  },
  async apply(context) {
    const { world, signal, runId, evidence } = context;
    const { settings, old } = world;
    const { word } = await offWord(context);
    const target = await world.target(signal);
    const text = stateNote(settings, {
      runId,
      epoch: evidence(grantNew).epoch,
      planPhase: evidence(lastSync).planPhase,
      handoff: evidence(verifyHandoff).commit,
    });
    const mode = 0o644;
    const note = settings.orchestrator.stateNote;
    if (word === undefined && (await hasWorkspace(world, signal)))
      await old.writeFile(oldPath(settings, note), text, { mode, owner: settings.old.user, signal });
    await target.writeFile(newPath(settings, note), text, { mode, owner: settings.new.user, signal });
  },
  async undo({ world, signal }) {
    const { settings, old } = world;
    await old.run(['rm', '-f', oldPath(settings, settings.orchestrator.stateNote)], { signal });
  },
  timeout: 60 * second,
});

/** A session cannot move between machines, so it is a fresh one, with its whole context from the repository. */
const startOrchestrator = step({
  id: 'start-orchestrator',
  version: 1,
  phase,
  title: 'start the orchestrator session on the new host',
  on: ['new host'],
  kind: 'compensable',
  inputs: ({ settings: { orchestrator } }) => ({ loop: orchestrator.loop }),
  async check({ world, signal }) {
    const { settings, rig } = world;
    const { loop } = settings.orchestrator;
    if (loop === undefined)
      return { state: 'satisfied', evidence: { session: 'none configured', pid: null } };
    const status = await rigStatus(await world.targetRig(signal), rigConfigFile(rig.rig), signal);
    const session = status.loops.find(({ name }) => name === loop);
    const running = session?.state === 'running' && session.wanted;
    return {
      state: running ? 'satisfied' : 'absent',
      evidence: { session: session?.name ?? null, pid: session?.pid ?? null },
    };
  },
  apply: ({ world, signal }) => tellSession(world, 'start', signal),
  undo: ({ world, signal }) => tellSession(world, 'stop', signal),
  timeout: 120 * second,
});

/** Starts or stops the orchestrator session, where the rig has one. */
async function tellSession(world: World, what: 'start' | 'stop', signal: AbortSignal): Promise<void> {
  const { loop } = world.settings.orchestrator;
  if (loop === undefined) return;
  const user = await world.targetRig(signal);
  await user.run(['loops', what, loop, '--config', rigConfigFile(world.rig.rig)], { signal });
}

/** The operator's step; a terminal that is attached to the session decides whether it was done. */
const connectOperator = step({
  id: 'connect-operator',
  version: 1,
  phase,
  title: 'connect to the orchestrator session',
  on: ['new host'],
  kind: 'reversible',
  inputs: ({ settings: { orchestrator } }) => ({ loop: orchestrator.loop }),
  gate: {
    kind: 'human',
    instructions: ({ settings: { name, orchestrator, new: target }, rig }) =>
      orchestrator.loop === undefined
        ? `${rig.rig} has no orchestrator session`
        : `Connect to the orchestrator session on ${name}, as ${target.user}:\n  loops attach ${orchestrator.loop} --config ${rigConfigFile(rig.rig)}`,
    timeout: 24 * 3600 * second,
    poll: 500,
  },
  async check({ world, signal }) {
    const { loop } = world.settings.orchestrator;
    if (loop === undefined) return { state: 'satisfied', evidence: { session: 'none configured' } };
    const clients = await attachedClients(world, loop, signal);
    return { state: clients.length > 0 ? 'satisfied' : 'absent', evidence: { clients } };
  },
  // An operator who has connected may leave again.
  holdsUntil: 'connect-operator',
  timeout: 60 * second,
});

/** The old session writes its own note and ends: it supervises nothing any more. */
const endOldSession = onOldHost<Evidence>(async () => ({}))({
  id: 'end-old-session',
  version: 1,
  phase,
  title: 'let the old orchestrator session hand off and end',
  on: ['old host'],
  kind: 'compensable',
  needs: [connectOperator],
  inputs: ({ settings: { orchestrator } }) => ({ ...orchestrator.old }),
  async check({ world: { settings, oldRig }, signal }) {
    const { old } = settings.orchestrator;
    if (old === undefined) return { state: 'satisfied', evidence: { session: 'none configured' } };
    const processes = { commandLines: old.processes };
    const { stopped, remaining } = await provesStopped(oldRig, { processes, signal });
    return { state: stopped ? 'satisfied' : 'absent', evidence: { running: remaining.length } };
  },
  async apply({ world: { settings, oldRig }, signal }) {
    const { old } = settings.orchestrator;
    if (old === undefined) return;
    await oldRig.run(old.handOff, { reject: false, signal });
    for (;;) {
      const { stopped } = await provesStopped(oldRig, {
        processes: { commandLines: old.processes },
        signal,
      });
      if (stopped) return;
      await delay(250, undefined, { signal });
    }
  },
  leaves: 'the old session ended; start it again by hand',
  timeout: 120 * second,
});

/** The end: one owner, one rig, and it is the new host's. */
const confirmHandOver = step({
  id: 'confirm-hand-over',
  version: 1,
  phase,
  title: 'confirm that the new host alone runs the loops',
  on: ['old host', 'new host', 'forge'],
  kind: 'reversible',
  inputs: ({ settings: { name, old } }) => ({ owner: name, idle: old.name }),
  async check(context) {
    const { world, signal } = context;
    const { settings, rig, gitHere, oldRig } = world;
    const { word } = await offWord(context);
    const [ownership, status, idle] = await Promise.all([
      readOwnership(gitHere, { ...ownershipRef(world), signal }),
      rigStatus(await world.targetRig(signal), rigConfigFile(rig.rig), signal),
      word === undefined
        ? withAdvice(context, () => provesStopped(oldRig, { processes: oldProcesses(settings), signal }))
        : { stopped: true },
    ]);
    const missing = notRunning(status);
    const evidence = {
      owner: ownership?.owner ?? null,
      epoch: ownership?.epoch ?? 0,
      running: status.loops.filter(({ state }) => state === 'running').map(({ name }) => name),
      missing,
      idle: idle.stopped,
      ...(word === undefined ? {} : { attested: { ...word } }),
    };
    const whole = ownership?.owner === settings.name && missing.length === 0 && idle.stopped;
    return whole
      ? { state: 'satisfied', evidence }
      : { state: 'conflict', evidence, reason: 'the loops are not where they should be; see the evidence' };
  },
  timeout: 60 * second,
});

/** Phase E: the orchestrator supervises the loops again, on the new host. */
export const handOverSteps: readonly Step<World>[] = [
  writeStateNote,
  startOrchestrator,
  connectOperator,
  endOldSession,
  confirmHandOver,
];
