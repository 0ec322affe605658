import { describeOwnership } from '@cutover/loops';
import { inspectClone, provesStopped, quiesce } from '@cutover/loops/safe-point';
import { identities } from '../../ownership/identities.ts';
import { answersOf, askForgeFromOld } from '../../old-rig/reaches-forge.ts';
import { readOwner, releaseLoops, returnLoops } from '../../ownership/ownership.ts';
import { proveOldStopped, seeOldRig } from '../../old-rig/see-old-rig.ts';
import { keysAtForge } from '../../old-rig/host-keys.ts';
import { startOldRig } from '../../old-rig/start-old-rig.ts';
import { describeUnsafe, NoSafePointError } from '../../old-rig/safe-point.ts';
import { oldClones, oldHome, oldProcesses } from '../../rig/rig.ts';
import { fenceStarts, inspectStarts, unfenceStarts } from '../../old-rig/start-fence.ts';
import { rehearsalFact } from '../../rehearsal/rehearsal-fact.ts';
import { step } from '../../world/step.ts';

const phase = 'd-cut-over';
const second = 1000;

/** Found and recorded before anything stops: what is gone afterwards must have been there before. */
export const seeRunning = step({
  id: 'see-old-rig',
  version: 2,
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
    const conflict = (reason: string) => ({ state: 'conflict' as const, evidence, reason });
    if (!seen.down && seen.unmatched.length > 0)
      return conflict(
        `nothing on ${old.name} matches ${seen.unmatched.join(', ')}; correct it in the config, or start that part of the rig`,
      );
    // Found out here, and not when the rig is stopped already.
    const letIn =
      keys.length > 0 ? [] : answersOf(await askForgeFromOld(world, seen.agent, signal), 'let in');
    if (letIn.length > 0)
      return conflict(
        `${old.name} pushes from ${letIn.join(', ')} by a key or a token that is not in ${oldHome(settings)}/.ssh, so it cannot be taken away; ` +
          'give it a key of its own there, and let that one in at the forge in place of the other',
      );
    return { state: 'satisfied' as const, evidence };
  },
  holdsUntil: 'release-ownership',
  timeout: 60 * second,
});

/**
 * The approval to cut over is asked here: before anything stops, and also where the rig is found down already. From
 * here on no host may start a loop; the old rig works on to its safe point.
 */
export const releaseOld = step({
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
      rehearsal: await rehearsalFact(world),
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
export const quiesceOld = step({
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
export const disableOld = step({
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
export const proveStopped = step({
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
