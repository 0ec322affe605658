import { CommandError } from '@cutover/host';
import type { Step } from '@cutover/runbook';
import { describeOwnership } from '@cutover/loops';
import { provesStopped } from '@cutover/loops/safe-point';
import { bootstrapForgeKey } from '../new-host/forge-key.ts';
import { grantLoops } from '../ownership/grant-loops.ts';
import { keepWork, keptWork } from '../carry/keep-work.ts';
import { keysStillIn, rememberedKeys } from '../old-rig/host-keys.ts';
import { startOldRig } from '../old-rig/start-old-rig.ts';
import { readOwner, releaseLoops } from '../ownership/ownership.ts';
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
import { inspectStarts, unfenceStarts } from '../old-rig/start-fence.ts';
import { unitState } from '../new-host/unit-state.ts';
import { wantedClones } from '../carry/working-clones.ts';
import { fingerprintOf } from '../world/fence.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';

const phase = 'd-cut-over';
const second = 1000;
/** A way back is not undone: the way forward is the cutover itself. */
const wayBack = { leaves: 'the loops on the old host' };

/** Before anything is stopped: a way back to a host that does not answer would end with the loops nowhere. */
const reachOld = step({
  id: 'back-reach-old',
  version: 1,
  phase,
  title: 'see that the old host answers',
  kind: 'reversible',
  inputs: ({ settings: { old } }) => ({ host: old.ssh.host }),
  async check({ world: { settings, oldRig }, signal }) {
    const { stdout } = await oldRig.run(['uname', '-n'], { signal });
    return { state: 'satisfied', evidence: { host: stdout.trim(), workspace: settings.old.workspace } };
  },
  timeout: 30 * second,
});

/** The new rig works on to its safe point; its supervisor starts nothing more. */
const releaseNew = step({
  id: 'back-release-ownership',
  version: 1,
  phase,
  title: 'release the loops: no host may start them until they are granted',
  kind: 'compensable',
  inputs: ({ settings: { name, old } }) => ({ from: name, to: old.name }),
  async check({ world, signal }) {
    const { settings } = world;
    const found = await readOwner(world, signal);
    const evidence = { owner: found?.owner ?? null, epoch: found?.epoch ?? 0 };
    if (found?.owner === settings.old.name) return { state: 'satisfied', evidence };
    // Released by the old host: the run ended between the commit point and its grant.
    if (found?.state === 'released' && [settings.name, settings.old.name].includes(found.from ?? ''))
      return { state: 'satisfied', evidence };
    if (found?.owner === settings.name) return { state: 'absent', evidence };
    const reason = `the loops are ${describeOwnership(found)}, and not held by ${settings.name}`;
    return { state: 'conflict', evidence, reason };
  },
  async apply({ world, signal, owner, runId }) {
    const from = world.settings.name;
    await owner('no host', await releaseLoops(world, { run: runId, from, signal }));
  },
  ...wayBack,
  timeout: 60 * second,
});

/** What `loops quiesce` ends with when the loops are stopped and work is left; `back-save-work` brings or names it. */
const stoppedUnsafe = 13;

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
    const quiesced = await user.run(['loops', 'quiesce', '--config', rigConfigFile(rig)], {
      reject: false,
      signal,
    });
    if (quiesced.exitCode !== 0 && quiesced.exitCode !== stoppedUnsafe) throw new CommandError(quiesced);
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

/** Commits that only the new host has are pushed; what cannot be is kept under a ref, and the evidence names it. */
const saveWork = step({
  id: 'back-save-work',
  version: 1,
  phase,
  title: 'push what only the new host has',
  kind: 'compensable',
  inputs: ({ settings }) => ({ repositories: settings.repositories }),
  async check({ world, signal, runId }) {
    const kept = await Promise.all(
      wantedClones(world).map(async ({ path }) =>
        keptWork(await world.targetRig(signal), path, runId, signal),
      ),
    );
    const open = kept.filter(({ state }) => state === 'only here');
    const evidence = { kept: Object.fromEntries(kept.map(({ path, where }) => [path, where])) };
    return { state: open.length === 0 ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal, runId }) {
    const user = await world.targetRig(signal);
    for (const { path, branch } of wantedClones(world)) await keepWork(user, { path, branch }, runId, signal);
  },
  ...wayBack,
  timeout: 300 * second,
});

const proveNewStopped = step({
  id: 'back-prove-stopped',
  version: 1,
  phase,
  title: 'prove that nothing of the new rig is left',
  kind: 'reversible',
  inputs: ({ rig }) => ({ rig: rig.rig }),
  async check({ world, signal }) {
    const remaining = await newRemainders(world, signal);
    return remaining.length === 0
      ? { state: 'satisfied', evidence: { remaining } }
      : {
          state: 'conflict',
          evidence: { remaining },
          reason: `something of the rig still runs on ${world.settings.name}: ${remaining.join('; ')}; stop it by hand`,
        };
  },
  timeout: 60 * second,
});

/** Before the heads are read: a push that is still under way must not land after that. */
const swapKeys = step({
  id: 'back-swap-keys',
  version: 1,
  phase,
  title: 'take the key of the new host away at the forge, and let the old host in again',
  kind: 'compensable',
  inputs: ({ settings: { forge } }) => ({ forge: forge.ssh.host }),
  async check({ world, signal }) {
    const own = fingerprintOf(await bootstrapForgeKey(world, signal));
    const left = await keysStillIn(world, [{ fingerprint: own }], signal);
    const old = await oldReachesForge(world, signal);
    const evidence = { revoked: own, left, oldHostIsLetIn: old };
    return { state: left.length === 0 && old ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal }) {
    const { fence } = world.forge;
    await fence.revoke(fingerprintOf(await bootstrapForgeKey(world, signal)), signal);
    for (const { name, publicKey } of await rememberedKeys(world)) await fence.grant(name, publicKey, signal);
    if (await oldReachesForge(world, signal)) return;
    throw new Error(
      `${world.settings.old.name} cannot reach the forge, and its key is not known here: let it in at the forge by hand, then resume`,
    );
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

const grantOld = step({
  id: 'back-grant-ownership',
  version: 1,
  phase,
  title: 'grant the loops to the old host',
  kind: 'compensable',
  inputs: ({ settings: { name, old, ownership } }) => ({ from: name, to: old.name, lease: ownership.lease }),
  async check({ world, signal }) {
    const { settings } = world;
    const found = await readOwner(world, signal);
    const evidence = { owner: found?.owner ?? null, epoch: found?.epoch ?? 0 };
    if (found?.owner === settings.old.name) return { state: 'satisfied', evidence };
    if (found?.state === 'released' && [settings.name, settings.old.name].includes(found.from ?? ''))
      return { state: 'absent', evidence };
    const reason = `the loops are ${describeOwnership(found)}, and not released by ${settings.name}`;
    return { state: 'conflict', evidence, reason };
  },
  async apply({ world, signal, owner, runId }) {
    const own = fingerprintOf(await bootstrapForgeKey(world, signal));
    const { name, old } = world.settings;
    const last = {
      name,
      supervised: true,
      answers: true,
      instance: 'not asked',
      stopped: (await newRemainders(world, signal)).length === 0,
      key: (await keysStillIn(world, [{ fingerprint: own }], signal)).length === 0 ? 'revoked' : 'valid',
    } as const;
    await owner(old.name, await grantLoops(world, { run: runId, to: old.name, last, signal }));
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
 * The way back once the new host may have written work of its own: a move in the other direction, with the same order.
 * Release, stop, prove, take the key away, sync, grant, start.
 */
export const rollbackSteps: readonly Step<World>[] = [
  reachOld,
  releaseNew,
  quiesceNew,
  disarmNew,
  saveWork,
  proveNewStopped,
  swapKeys,
  syncBack,
  grantOld,
  enableOld,
  startOld,
];

/** What of the new rig runs, or would start by itself. */
async function newRemainders(world: World, signal: AbortSignal): Promise<string[]> {
  const [user, target] = [await world.targetRig(signal), await world.target(signal)];
  const { remaining } = await provesStopped(user, { processes: newProcesses(world.rig), signal });
  const states = await Promise.all(
    [bootService(world.rig.rig), tmuxService(world.rig.rig)].map((unit) => unitState(target, unit, signal)),
  );
  const armed = await target.run(['test', '-e', armedFile], { reject: false, signal });
  return [
    ...remaining.map(({ kind, detail }) => `${kind}: ${detail}`),
    ...states.filter(({ active }) => active).map(({ unit }) => `unit: ${unit} is active`),
    ...(armed.exitCode === 0 ? [`${armedFile} is there`] : []),
  ];
}

async function oldReachesForge({ settings, oldRig }: World, signal: AbortSignal): Promise<boolean> {
  const [clone = settings.old.workspace] = oldClones(settings);
  const asked = await oldRig.run(['git', '-C', clone, 'ls-remote', '--heads', 'origin'], {
    env: { GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' },
    reject: false,
    signal,
  });
  return asked.exitCode === 0;
}
