import { describeOwnership } from '@cutover/loops';
import type { Evidence } from '@cutover/runbook';
import {
  type CloneReport,
  findRigProcesses,
  inspectClone,
  provesStopped,
  quiesce,
} from '@cutover/loops/safe-point';
import { identities } from '../../ownership/identities.ts';
import { answersOf, askForgeFromOld } from '../../old-rig/reaches-forge.ts';
import { oldHome } from '../../old-rig/old-places.ts';
import { keysOnOldHost } from '../../old-rig/revoked-keys.ts';
import { readOwner, releaseLoops, requireOldMay, returnLoops } from '../../ownership/ownership.ts';
import { proveOldStopped, seeOldRig, type SeenRig } from '../../old-rig/see-old-rig.ts';
import { type HostKey, withoutTwins } from '../../old-rig/host-key.ts';
import { keysAtForge } from '../../old-rig/host-keys.ts';
import { noteOldKeys, notedOldKeys } from '../../old-rig/known-keys.ts';
import { offWord, onOldHost, withAdvice } from '../../ownership/pass-by.ts';
import { startOldRig } from '../../old-rig/start-old-rig.ts';
import { describeUnsafe, NoSafePointError } from '../../old-rig/safe-point.ts';
import { oldClones, oldProcesses } from '../../rig/rig.ts';
import {
  fenceBoot,
  fenceStarts,
  inspectStarts,
  openStarts,
  unfenceBoot,
  unfenceStarts,
} from '../../old-rig/start-fence.ts';
import { rehearsalFact } from '../../rehearsal/rehearsal-fact.ts';
import { step } from '../../world/step.ts';

const phase = 'd-cut-over';
const second = 1000;

/** What is known of the old rig before it stops, and of the keys that let it into the forge. */
type SeenBefore = SeenRig & { readonly keys: HostKey[] };

/** Found and recorded before anything stops: what is gone afterwards must have been there before. */
export const seeRunning = onOldHost<SeenBefore>(async ({ world }) => ({
  down: true,
  processes: [],
  unmatched: [],
  agent: null,
  keys: [...(await notedOldKeys(world))],
}))({
  id: 'see-old-rig',
  version: 2,
  phase,
  title: 'see what of the old rig runs',
  on: ['old host'],
  kind: 'reversible',
  inputs: ({ settings: { old } }) => ({
    processes: old.processes,
    sessions: old.tmuxSessions,
    units: old.units,
  }),
  async check({ world, signal }) {
    const { old } = world;
    const home = await oldHome(world, signal);
    const [seen, letInNow, revokedBefore] = await Promise.all([
      seeOldRig(world, signal),
      keysAtForge(world, old, home, signal),
      keysOnOldHost(world, signal),
    ]);
    const keys = withoutTwins([...letInNow, ...revokedBefore]);
    await noteOldKeys(world, keys);
    const evidence = { ...seen, keys };
    const conflict = (reason: string) => ({ state: 'conflict' as const, evidence, reason });
    if (!seen.down && seen.unmatched.length > 0)
      return conflict(
        `nothing on ${old.name} matches ${seen.unmatched.join(', ')}; correct it in the config, or start that part of the rig`,
      );
    // Found out here, and not when the rig is stopped already.
    const letIn =
      keys.length > 0 || world.forge.byHand === true
        ? []
        : answersOf(await askForgeFromOld(world, seen.agent, signal), 'let in');
    if (letIn.length > 0)
      return conflict(
        `${old.name} pushes from ${letIn.join(', ')} by a key or a token that is not in ${home}/.ssh, so it cannot be taken away; ` +
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
  on: ['forge'],
  kind: 'reversible',
  needsClaim: true,
  needs: [seeRunning],
  inputs: ({ settings: { name, old, ownership } }) => ({ from: old.name, to: name, ref: ownership.ref }),
  gate: {
    kind: 'approval',
    question: 'Stop the loops on the old host and move them now?',
    timeout: 24 * 60 * 60 * second,
  },
  async check(context) {
    const { world, signal, evidence, runId } = context;
    const { settings } = world;
    const found = await readOwner(world, signal);
    const { word } = await offWord(context);
    // Only what does not change by itself while a person reads it.
    const facts = {
      owner: found?.owner ?? null,
      epoch: found?.epoch ?? 0,
      rig: evidence(seeRunning).down ? 'already down' : 'running',
      ...(await withAdvice(context, () => identities(world, word, signal))),
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

/**
 * What starts the rig at a boot or by the clock, before anything stops: an old host that loses its power from here on does
 * not come back with its loops.
 */
export const fenceBootOld = onOldHost<Evidence>(async () => ({}))({
  id: 'fence-boot',
  version: 1,
  phase,
  title: 'see that no boot and no clock starts the old rig again',
  on: ['old host'],
  kind: 'reversible',
  needsClaim: true,
  inputs: ({ settings: { old } }) => ({ units: old.units, cron: old.cronMatch }),
  async check({ world: { settings, old }, signal }) {
    const { startableUnits, cronLines } = await inspectStarts(old, settings.old, signal);
    const left = startableUnits.length + cronLines.length;
    return { state: left === 0 ? 'satisfied' : 'absent', evidence: { startableUnits, cronLines } };
  },
  apply: ({ world: { settings, old }, signal }) => fenceBoot(old, settings.old, signal),
  async undo({ world, signal }) {
    await requireOldMay(world, 'released', signal);
    await unfenceBoot(world.old, world.settings.old, signal);
  },
  holdsUntil: 'grant-ownership',
  timeout: 60 * second,
});

/** No half-written commit, nothing unpushed. */
export const quiesceOld = onOldHost<Evidence>(async ({ downtime }) => {
  // It ended before, at a time that no one saw.
  await downtime('begins');
  return {};
})({
  id: 'quiesce-old',
  version: 1,
  phase,
  title: 'stop the old rig at a safe point',
  on: ['old host'],
  kind: 'reversible',
  needsClaim: true,
  inputs: ({ settings }) => ({
    stop: settings.old.stop,
    clones: oldClones(settings),
    timeout: settings.old.quiesceTimeout,
  }),
  async check({ world, signal }) {
    const { settings, oldRig } = world;
    const [{ stopped, remaining }, revoked] = await Promise.all([
      provesStopped(oldRig, { processes: oldProcesses(settings), signal }),
      keysOnOldHost(world, signal),
    ]);
    if (!stopped) return { state: 'absent', evidence: { running: remaining.length } };
    // Once its key is revoked, no clone there can ask its remote any more, nor has it pushed since.
    const fetch = revoked.length === 0;
    const clones = await Promise.all(
      oldClones(settings).map((path) => inspectClone(oldRig, path, { fetch, signal })),
    );
    const unsafe = clones.filter(({ safe }) => !safe);
    return {
      state: unsafe.length === 0 ? 'satisfied' : 'partial',
      evidence: {
        heads: headsOf(clones),
        unsafe: unsafe.map(describeUnsafe),
      },
    };
  },
  async apply({ world: { settings, oldRig }, signal, progress, downtime }) {
    const { name } = settings.old;
    // Where nothing works, nothing comes to a safe point by itself.
    const { processes } = await findRigProcesses(oldRig, oldProcesses(settings), signal);
    if (processes.length === 0) {
      const clones = await Promise.all(
        oldClones(settings).map((path) => inspectClone(oldRig, path, { signal })),
      );
      const left = clones.filter(({ safe }) => !safe).map(describeUnsafe);
      if (left.length > 0) throw new NoSafePointError(name, left, 'was down');
    }
    let unsafe: string[] = [];
    let stopped = false;
    const report = await quiesce(oldRig, {
      clones: oldClones(settings),
      stop: async (stopSignal) => {
        // Without a safe point the rig is left running: the moment was not a good one, and another can be chosen.
        if (unsafe.length > 0) throw new NoSafePointError(name, unsafe, 'works on');
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
      throw new NoSafePointError(name, [...clones, ...remaining], stopped ? 'stopped' : 'works on');
    }
  },
  // The forge was asked while the rig stood still, and out of that it was stopped: it is not asked again in the downtime.
  // That nothing runs any more is proven next, as root.
  async verify({ world: { settings, oldRig }, signal }) {
    const clones = await Promise.all(
      oldClones(settings).map((path) => inspectClone(oldRig, path, { fetch: false, signal })),
    );
    const unsafe = clones.filter(({ safe }) => !safe).map(describeUnsafe);
    if (unsafe.length > 0) throw new NoSafePointError(settings.old.name, unsafe, 'stopped');
    return { heads: headsOf(clones), unsafe };
  },
  async undo({ world, signal, downtime, owner, runId }) {
    const to = world.settings.old.name;
    // No rig is started that does not hold the loops.
    await owner(to, await returnLoops(world, { run: runId, to, signal }));
    // Its start command may start units, which refuse that while they are fenced.
    await unfenceBoot(world.old, world.settings.old, signal);
    await startOldRig(world, signal);
    await downtime('ends');
  },
  undoFound: true,
  holdsUntil: 'grant-ownership',
  timeout: 3600 * second,
});

/** Units, cron and the start script, each reversibly. */
export const disableOld = onOldHost<Evidence>(async () => ({}))({
  id: 'disable-old',
  version: 1,
  phase,
  title: 'take every way of starting the old rig away',
  on: ['old host'],
  kind: 'reversible',
  needsClaim: true,
  inputs: ({ settings: { old } }) => ({ units: old.units, start: old.start, cron: old.cronMatch }),
  async check({ world: { settings, old }, signal }) {
    const starts = await inspectStarts(old, settings.old, signal);
    // Where there is nothing to take, nothing tells done from undone: to do it again changes nothing.
    const done = openStarts(starts).length === 0 && starts.taken.length > 0;
    return { state: done ? 'satisfied' : 'absent', evidence: { ...starts } };
  },
  apply: ({ world: { settings, old }, signal }) => fenceStarts(old, settings.old, signal),
  async verify({ world: { settings, old }, signal }) {
    const starts = await inspectStarts(old, settings.old, signal);
    const open = openStarts(starts);
    if (open.length > 0) throw new Error(`${old.name} can still start the old rig by ${open.join(', ')}`);
    return { ...starts };
  },
  reapply: true,
  async undo({ world, signal }) {
    await requireOldMay(world, 'released', signal);
    await unfenceStarts(world.old, world.settings.old, signal);
  },
  undoFound: true,
  holdsUntil: 'grant-ownership',
  timeout: 60 * second,
});

/** As root, who sees the processes of all users. */
export const proveStopped = onOldHost<Evidence>(async () => ({}))({
  id: 'prove-stopped',
  version: 1,
  phase,
  title: 'prove that nothing of the old rig is left',
  on: ['old host'],
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

function headsOf(clones: readonly CloneReport[]): Record<string, string> {
  return Object.fromEntries(clones.map(({ path, head }) => [path, head ?? 'no commit']));
}
