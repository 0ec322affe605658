import type { Step } from '@cutover/runbook';
import { describeOwnership } from '@cutover/loops';
import { inspectClone, provesStopped, quiesce } from '@cutover/loops/safe-point';
import { findHandoff, waitForHandoff } from '../rig/handoff.ts';
import { askHealth } from '../rig/health.ts';
import { grantLoops } from '../ownership/grant-loops.ts';
import { bootstrapForgeKey } from '../new-host/forge-key.ts';
import { identities } from '../ownership/identities.ts';
import { readOwner, releaseLoops, returnLoops } from '../ownership/ownership.ts';
import { proveOldStopped, seeOldRig } from '../old-rig/see-old-rig.ts';
import { fingerprintOf } from '../world/fence.ts';
import {
  keyOfOldHost,
  keysAtForge,
  keysStillIn,
  rememberedKeys,
  rememberKeys,
  SharedKeyError,
} from '../old-rig/host-keys.ts';
import { startOldRig } from '../old-rig/start-old-rig.ts';
import { describeUnsafe, NoSafePointError } from '../old-rig/safe-point.ts';
import { readResumePoint, writeResumePoint } from '../carry/resume-point.ts';
import {
  armedFile,
  bootService,
  newPath,
  oldClones,
  oldHome,
  oldPath,
  oldProcesses,
  rigConfigFile,
  tmuxService,
} from '../rig/rig.ts';
import { notRunning, rigStatus, waitForLoops } from '../rig/rig-status.ts';
import { fenceStarts, inspectStarts, unfenceStarts } from '../old-rig/start-fence.ts';
import { compareReferences, syncReferences } from '../carry/references.ts';
import { unitState } from '../new-host/unit-state.ts';
import { inspectWorkingClone, pullForward, wantedClones } from '../carry/working-clones.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';

const phase = 'd-cut-over';
const second = 1000;

/** Found and recorded before anything stops: what is gone afterwards must have been there before. */
const seeRunning = step({
  id: 'see-old-rig',
  version: 1,
  phase,
  title: 'see what of the old rig runs',
  kind: 'reversible',
  inputs: ({ settings: { old } }) => ({
    processes: old.processes,
    sessions: old.tmuxSessions,
    units: old.units,
  }),
  async check({ world, signal }) {
    const { settings, old } = world;
    const [seen, keys] = await Promise.all([
      seeOldRig(world, signal),
      keysAtForge(world, old, oldHome(settings), signal),
    ]);
    const evidence = { ...seen, keys };
    return seen.down || seen.unmatched.length === 0
      ? { state: 'satisfied', evidence }
      : {
          state: 'conflict',
          evidence,
          reason: `nothing on ${old.name} matches ${seen.unmatched.join(', ')}; correct it in the config, or start that part of the rig`,
        };
  },
  holdsUntil: 'release-ownership',
  timeout: 60 * second,
});

/**
 * The approval to cut over is asked here: before anything stops, and also where the rig is found down already. From
 * here on no host may start a loop; the old rig works on to its safe point.
 */
const releaseOld = step({
  id: 'release-ownership',
  version: 1,
  phase,
  title: 'release the loops: no host may start them until they are granted',
  kind: 'reversible',
  needs: [seeRunning],
  inputs: ({ settings: { name, old, ownership } }) => ({ from: old.name, to: name, ref: ownership.ref }),
  gate: {
    kind: 'approval',
    question: 'Stop the loops on the old host and move them now?',
    timeout: 24 * 60 * 60 * second,
  },
  async check({ world, signal, evidence, runId }) {
    const { settings } = world;
    const found = await readOwner(world, signal);
    // Only what does not change by itself while a person reads it.
    const facts = {
      owner: found?.owner ?? null,
      epoch: found?.epoch ?? 0,
      rig: evidence(seeRunning).down ? 'already down' : 'running',
      ...(await identities(world, signal)),
    };
    if (found?.owner === settings.name) return { state: 'satisfied', evidence: facts };
    if (found?.state === 'released' && found.from === settings.old.name)
      return { state: found.run === runId ? 'satisfied' : 'absent', evidence: facts };
    if (found === undefined || found.owner === settings.old.name) return { state: 'absent', evidence: facts };
    return {
      state: 'conflict',
      evidence: facts,
      reason: `the loops are ${describeOwnership(found)}, which is neither host of this cutover`,
    };
  },
  async apply({ world, signal, owner, runId }) {
    const from = world.settings.old.name;
    await owner('no host', await releaseLoops(world, { run: runId, from, signal }));
  },
  async undo({ world, signal, owner, runId }) {
    const to = world.settings.old.name;
    await owner(to, await returnLoops(world, { run: runId, to, signal }));
  },
  holdsUntil: 'grant-ownership',
  timeout: 60 * second,
});

/** No half-written commit, nothing unpushed. */
const quiesceOld = step({
  id: 'quiesce-old',
  version: 1,
  phase,
  title: 'stop the old rig at a safe point',
  kind: 'reversible',
  inputs: ({ settings }) => ({
    stop: settings.old.stop,
    clones: oldClones(settings),
    timeout: settings.old.quiesceTimeout,
  }),
  async check({ world: { settings, oldRig }, signal }) {
    const { stopped, remaining } = await provesStopped(oldRig, { processes: oldProcesses(settings), signal });
    if (!stopped) return { state: 'absent', evidence: { running: remaining.length } };
    const clones = await Promise.all(
      oldClones(settings).map((path) => inspectClone(oldRig, path, { signal })),
    );
    const unsafe = clones.filter(({ safe }) => !safe);
    return {
      state: unsafe.length === 0 ? 'satisfied' : 'partial',
      evidence: {
        heads: Object.fromEntries(clones.map(({ path, head }) => [path, head ?? 'no commit'])),
        unsafe: unsafe.map(describeUnsafe),
      },
    };
  },
  async apply({ world: { settings, oldRig }, signal, progress, downtime }) {
    let unsafe: string[] = [];
    let stopped = false;
    const report = await quiesce(oldRig, {
      clones: oldClones(settings),
      stop: async (stopSignal) => {
        // Without a safe point the rig is left running: the moment was not a good one, and another can be chosen.
        if (unsafe.length > 0) throw new NoSafePointError(settings.old.name, unsafe);
        stopped = true;
        await downtime('begins');
        await oldRig.run(settings.old.stop, { cwd: settings.old.workspace, signal: stopSignal });
      },
      processes: oldProcesses(settings),
      deadline: settings.old.quiesceTimeout,
      // A stop that is cut short would leave half a rig; this is for one that hangs.
      stopTimeout: 30 * second,
      signal,
      onEvent: (event) => {
        progress(event.type);
        if (event.type === 'deadline') unsafe = event.unsafe.map(describeUnsafe);
      },
    });
    if (!report.safe) {
      const clones = report.clones.filter(({ safe }) => !safe).map(describeUnsafe);
      const remaining = report.stopped.remaining.map(({ kind, detail }) => `${kind} ${detail}`);
      throw new NoSafePointError(settings.old.name, [...clones, ...remaining], stopped);
    }
  },
  async undo({ world, signal, downtime, owner, runId }) {
    const to = world.settings.old.name;
    // No rig is started that does not hold the loops.
    await owner(to, await returnLoops(world, { run: runId, to, signal }));
    await startOldRig(world, signal);
    await downtime('ends');
  },
  holdsUntil: 'grant-ownership',
  timeout: 3600 * second,
});

/** Units, cron and the start script, each reversibly. */
const disableOld = step({
  id: 'disable-old',
  version: 1,
  phase,
  title: 'take every way of starting the old rig away',
  kind: 'reversible',
  inputs: ({ settings: { old } }) => ({ units: old.units, start: old.start, cron: old.cronMatch }),
  async check({ world: { settings, old }, signal }) {
    const starts = await inspectStarts(old, settings.old, signal);
    const { startableUnits, cronLines, scriptExecutable } = starts;
    const left = startableUnits.length + cronLines.length + (scriptExecutable ? 1 : 0);
    return { state: left === 0 ? 'satisfied' : 'absent', evidence: { ...starts } };
  },
  apply: ({ world: { settings, old }, signal }) => fenceStarts(old, settings.old, signal),
  undo: ({ world: { settings, old }, signal }) => unfenceStarts(old, settings.old, signal),
  holdsUntil: 'grant-ownership',
  timeout: 60 * second,
});

/** As root, who sees the processes of all users. */
const proveStopped = step({
  id: 'prove-stopped',
  version: 1,
  phase,
  title: 'prove that nothing of the old rig is left',
  kind: 'reversible',
  inputs: ({ settings: { old } }) => ({ processes: old.processes, sessions: old.tmuxSessions }),
  needs: [seeRunning, disableOld],
  async check({ world, signal, evidence: of }) {
    const { stopped, remaining } = await proveOldStopped(world, of(seeRunning).processes, signal);
    const evidence = { seen: of(seeRunning).processes.length, remaining };
    return stopped
      ? { state: 'satisfied', evidence }
      : {
          state: 'conflict',
          evidence,
          reason: `something of the old rig still runs on ${world.old.name}: ${remaining.join('; ')}; stop it by hand`,
        };
  },
  holdsUntil: 'grant-ownership',
  timeout: 60 * second,
});

/** Before the heads are read: a push that is still under way must not land after that. */
const revokeOld = step({
  id: 'revoke-old',
  version: 1,
  phase,
  title: 'take the key of the old host away at the forge',
  kind: 'reversible',
  needs: [seeRunning, proveStopped],
  inputs: ({ settings: { forge, old } }) => ({ forge: forge.ssh.host, host: old.name }),
  async check({ world, signal, evidence: of }) {
    const { keys } = of(seeRunning);
    const left = await keysStillIn(world, keys, signal);
    const evidence = { revoked: keys.map(({ fingerprint }) => fingerprint), left };
    return { state: left.length === 0 ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal, evidence: of }) {
    const { keys } = of(seeRunning);
    // Asked here and not in the check, which an undo needs too: a rollback must not depend on the new host.
    const own = fingerprintOf(await bootstrapForgeKey(world, signal));
    if (keys.some(({ fingerprint }) => fingerprint === own)) throw new SharedKeyError(own);
    await rememberKeys(world, keys);
    for (const { fingerprint } of keys) await world.forge.fence.revoke(fingerprint, signal);
  },
  async undo({ world, signal }) {
    for (const { name, publicKey } of await rememberedKeys(world))
      await world.forge.fence.grant(name, publicKey, signal);
  },
  timeout: 60 * second,
});

/** What the old rig wrote since phase C: its last commits, the resume point, the references. */
export const lastSync = step({
  id: 'last-sync',
  version: 1,
  phase,
  title: 'carry the last changes over',
  kind: 'compensable',
  inputs: ({ settings }) => ({ resumePoint: settings.old.resumePoint, references: settings.old.references }),
  async check({ world, signal }) {
    const { settings, old } = world;
    const target = await world.target(signal);
    const user = await world.targetRig(signal);
    const [there, here, clones, references] = await Promise.all([
      readResumePoint(old, oldPath(settings, settings.old.resumePoint), signal),
      readResumePoint(target, newPath(settings, settings.old.resumePoint), signal),
      Promise.all(wantedClones(world).map((wanted) => inspectWorkingClone(user, wanted, signal))),
      compareReferences(world, signal),
    ]);
    const current = clones.every(({ state }) => state === 'current');
    return {
      state: there === here && current && references.differing === 0 ? 'satisfied' : 'partial',
      evidence: {
        planPhase: there ?? null,
        heads: Object.fromEntries(clones.map(({ path, remoteHead }) => [path, remoteHead ?? 'none'])),
        references: { ...references },
      },
    };
  },
  async apply({ world, signal }) {
    const { settings, old } = world;
    const [target, user] = [await world.target(signal), await world.targetRig(signal)];
    const index = await readResumePoint(old, oldPath(settings, settings.old.resumePoint), signal);
    if (index === undefined) throw new Error(`${old.name} has no resume point any more; put it back by hand`);
    await Promise.all([
      writeResumePoint(target, newPath(settings, settings.old.resumePoint), index, settings.new.user, signal),
      syncReferences(world, signal),
      ...wantedClones(world).map((wanted) => pullForward(user, wanted, signal)),
    ]);
  },
  holdsUntil: 'grant-ownership',
  leaves: 'what it carried to the new host, which goes with the instance',
  timeout: 600 * second,
});

/** C1: from here on the new host may run the loops, and write work of its own. */
export const grantNew = step({
  id: 'grant-ownership',
  version: 1,
  phase,
  title: 'grant the loops to the new host',
  kind: 'irreversible',
  commitPoint: 'C1',
  inputs: ({ settings: { name, old, ownership } }) => ({ from: old.name, to: name, lease: ownership.lease }),
  async check({ world, signal }) {
    const { settings } = world;
    const found = await readOwner(world, signal);
    const evidence = { owner: found?.owner ?? null, epoch: found?.epoch ?? 0 };
    if (found?.owner === settings.name) return { state: 'satisfied', evidence };
    if (found?.state === 'released' && found.from === settings.old.name) return { state: 'absent', evidence };
    return {
      state: 'conflict',
      evidence,
      reason: `the loops are ${describeOwnership(found)}, and not released by ${settings.old.name}`,
    };
  },
  async apply({ world, signal, owner, runId, evidence: of }) {
    const { processes, keys } = of(seeRunning);
    const last = {
      name: world.settings.old.name,
      supervised: false,
      answers: true,
      instance: 'not asked',
      // Looked at here once more: hours may lie between the proof and a resumed run.
      stopped: (await proveOldStopped(world, processes, signal)).stopped,
      key: await keyOfOldHost(world, keys, signal),
    } as const;
    const { name: to } = world.settings;
    await owner(to, await grantLoops(world, { run: runId, to, last, signal }));
  },
  timeout: 60 * second,
});

/** Its supervisor asks for the ownership before it starts a loop, and finds the grant. */
const startNew = step({
  id: 'start-new',
  version: 1,
  phase,
  title: 'start the loops on the new host by its boot service',
  kind: 'compensable',
  leaves: 'nothing: past C1 a rollback moves the loops back',
  inputs: ({ rig }) => ({ rig: rig.rig, service: bootService(rig.rig) }),
  async check({ world, signal }) {
    const target = await world.target(signal);
    const armed = await target.run(['test', '-e', armedFile], { reject: false, signal });
    const active = await target.run(['systemctl', 'is-active', bootService(world.rig.rig)], {
      reject: false,
      signal,
    });
    if (armed.exitCode !== 0 || active.exitCode !== 0) return { state: 'absent', evidence: {} };
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
  async apply({ world, signal, progress, downtime }) {
    const target = await world.target(signal);
    const { rig } = world.rig;
    await target.writeFile(armedFile, `The loops of this host are armed.\n`, { mode: 0o644, signal });
    await target.run(['systemctl', 'start', tmuxService(rig), bootService(rig)], { signal });
    progress('waiting for the loops');
    await waitForLoops(await world.targetRig(signal), rigConfigFile(rig), signal);
    await downtime('ends');
  },
  timeout: 120 * second,
});

/** A new commit by the Builder, its claim and the Adversary's verdict on that very commit, all since the cutover. */
export const verifyHandoff = step({
  id: 'verify-handoff',
  version: 1,
  phase,
  title: 'see one handoff: commit, claim, verdict',
  kind: 'reversible',
  needs: [startNew],
  inputs: ({ settings: { handoff } }) => ({ ...handoff }),
  async check({ world, signal, evidence }) {
    const handoff = await findHandoff(world, evidence(lastSync), signal);
    return { state: handoff.complete ? 'satisfied' : 'absent', evidence: { ...handoff } };
  },
  async apply({ world, signal, progress, evidence }) {
    const deadline = AbortSignal.timeout(world.settings.handoff.timeout);
    await waitForHandoff(world, evidence(lastSync), progress, AbortSignal.any([signal, deadline]));
  },
  timeout: 24 * 3600 * second,
});

const verifyHealth = step({
  id: 'verify-health',
  version: 1,
  phase,
  title: 'ask the public health page',
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

/** The old workspace is left whole, with nothing of the rig running beside it. */
const coldStandby = step({
  id: 'cold-standby',
  version: 1,
  phase,
  title: 'leave the old host as a cold standby',
  kind: 'reversible',
  needs: [verifyHandoff, verifyHealth],
  inputs: ({ settings: { old } }) => ({ units: old.standbyUnits }),
  async check({ world: { settings, old }, signal }) {
    const states = await Promise.all(settings.old.standbyUnits.map((unit) => unitState(old, unit, signal)));
    const running = states.filter(({ active, enabled }) => active || enabled).map(({ unit }) => unit);
    return {
      state: running.length === 0 ? 'satisfied' : 'absent',
      evidence: { workspace: settings.old.workspace, stopped: settings.old.standbyUnits, running },
    };
  },
  async apply({ world: { settings, old }, signal }) {
    await old.run(['systemctl', 'disable', '--now', ...settings.old.standbyUnits], { signal });
  },
  async undo({ world: { settings, old }, signal }) {
    await old.run(['systemctl', 'enable', '--now', ...settings.old.standbyUnits], { signal });
  },
  timeout: 60 * second,
});

/**
 * Phase D: the only disruptive moment. Release, stop, prove, take the key away, sync, grant, start, see it work. The
 * release lies in the old rig's last turn; what lies in the downtime begins with the stop.
 */
export const cutOverSteps: readonly Step<World>[] = [
  seeRunning,
  releaseOld,
  quiesceOld,
  disableOld,
  proveStopped,
  revokeOld,
  lastSync,
  grantNew,
  startNew,
  verifyHandoff,
  verifyHealth,
  coldStandby,
];
