import { CommandError, type Host } from '@cutover/host';
import { describeOwnership } from '@cutover/loops';
import type { Evidence } from '@cutover/runbook';
import { keepWork, keptWork } from '../../carry/keep-work.ts';
import { hasWorkspace } from '../../old-rig/old-places.ts';
import { readOwner, releaseLoops } from '../../ownership/ownership.ts';
import { armedFile, bootService, rigConfigFile, tmuxService } from '../../rig/rig.ts';
import { wantedClones } from '../../carry/working-clones.ts';
import { orGivenUp, unlessGivenUp } from '../../new-host/new-host-off.ts';
import { remainsOnNew, runningOnNew } from '../../new-host/prove-new-stopped.ts';
import { step } from '../../world/step.ts';
import { wayBack } from './way-back.ts';

const phase = 'd-cut-over';
const second = 1000;

/**
 * Before anything is released or stopped: a way back that cannot reach both would end with the loops nowhere. A new host
 * whose instance a person has stopped is given up, and its lease is waited for.
 */
export const reachBoth = step({
  id: 'back-reach-both',
  version: 1,
  phase,
  title: 'see that both hosts answer',
  on: ['old host', 'new host'],
  kind: 'reversible',
  inputs: ({ settings: { name, old } }) => ({ old: old.ssh.host, new: name }),
  async check({ world, signal }) {
    const { name, old } = world.settings;
    await world.forge.keepWarm?.();
    const answerOf = async (host: Host): Promise<string> =>
      (await host.run(['uname', '-n'], { signal })).stdout.trim();
    const [oldAnswer, newAnswer] = await Promise.all([
      answerOf(world.oldRig).catch(async (cause: unknown) => {
        const held = (await readOwner(world, signal))?.owner === name;
        const what = held
          ? `so nothing was stopped: the loops stay on ${name}. Bring it back and resume, or stay there: \`cutover run\` goes forward again`
          : 'and the loops were released: they run nowhere. Bring it back and resume, or give the way back up: `cutover run --forward`';
        throw new Error(`${old.name} does not answer, ${what}`, { cause });
      }),
      orGivenUp(world, async () => answerOf(await world.targetRig(signal)), signal),
    ]);
    const evidence = {
      old: oldAnswer,
      new: 'answer' in newAnswer ? newAnswer.answer : `given up: its instance is ${newAnswer.instance}`,
    };
    const { workspace } = old;
    if (!(await hasWorkspace(world, signal))) {
      const reason = `${workspace} on ${old.name} is gone, as after \`cutover retire-old\`: there is nothing to go back to`;
      return { state: 'conflict', evidence, reason };
    }
    return { state: 'satisfied', evidence };
  },
  holdsUntil: 'back-grant-ownership',
  timeout: 30 * second,
});

/** The new rig works on to its safe point; its supervisor starts nothing more. */
export const releaseNew = step({
  id: 'back-release-ownership',
  version: 1,
  phase,
  title: 'release the loops: no host may start them until they are granted',
  on: ['forge'],
  kind: 'compensable',
  needsClaim: true,
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

export const quiesceNew = unlessGivenUp<Evidence>(() => ({}))({
  id: 'back-quiesce-new',
  version: 1,
  phase,
  title: 'stop the new rig at a safe point',
  on: ['new host'],
  kind: 'compensable',
  needsClaim: true,
  inputs: ({ rig }) => ({ rig: rig.rig }),
  async check({ world, signal }) {
    const running = await runningOnNew(world, signal);
    return { state: running.length === 0 ? 'satisfied' : 'absent', evidence: { running } };
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
  holdsUntil: 'back-grant-ownership',
  ...wayBack,
  timeout: 3600 * second,
});

/** Without that file the boot service starts nothing, not even after a reboot. */
export const disarmNew = unlessGivenUp<Evidence>(() => ({}))({
  id: 'back-disarm-new',
  version: 1,
  phase,
  title: 'take the start of the new rig away',
  on: ['new host'],
  kind: 'compensable',
  needsClaim: true,
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
  holdsUntil: 'back-grant-ownership',
  ...wayBack,
  timeout: 60 * second,
});

export const proveNewStopped = unlessGivenUp<Evidence>(() => ({}))({
  id: 'back-prove-stopped',
  version: 1,
  phase,
  title: 'prove that nothing of the new rig is left',
  on: ['new host'],
  kind: 'reversible',
  inputs: ({ rig }) => ({ rig: rig.rig }),
  async check({ world, signal }) {
    const remaining = await remainsOnNew(world, signal);
    return remaining.length === 0
      ? { state: 'satisfied', evidence: { remaining } }
      : {
          state: 'conflict',
          evidence: { remaining },
          reason: `something of the rig still runs on ${world.settings.name}: ${remaining.join('; ')}; stop it by hand`,
        };
  },
  holdsUntil: 'back-grant-ownership',
  timeout: 60 * second,
});

/** Commits that only the new host has are pushed; what cannot be is kept under a ref, and the evidence names it. */
export const saveWork = unlessGivenUp<Evidence>(({ world }) => ({
  left: `on the disk of ${world.settings.name}: what it did not push`,
}))({
  id: 'back-save-work',
  version: 1,
  phase,
  title: 'push what only the new host has',
  on: ['new host', 'forge'],
  kind: 'compensable',
  needsClaim: true,
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
  async apply({ world, signal, runId, progress }) {
    const user = await world.targetRig(signal);
    for (const { path, branch } of wantedClones(world)) {
      const notKept = await keepWork(user, { path, branch }, runId, signal);
      if (notKept.length > 0) progress(`not kept of ${path}: ${notKept.join(', ')}`);
    }
  },
  // After it this host is not let in any more, so nothing can be asked from there.
  holdsUntil: 'back-swap-keys',
  ...wayBack,
  timeout: 300 * second,
});
