import { describeOwnership } from '@cutover/loops';
import { forgeName } from '../../forge/settings.ts';
import { keysOfNewHost } from '../../new-host/forge-key.ts';
import { noteRevokedNewKeys } from '../../new-host/revoked-keys.ts';
import { orGivenUp } from '../../new-host/new-host-off.ts';
import { grantLoops } from '../../ownership/grant-loops.ts';
import { newAsLastOwner } from '../../ownership/last-owner.ts';
import { keysStillIn } from '../../old-rig/host-keys.ts';
import { forgetKeys, rememberedKeys } from '../../old-rig/revoked-keys.ts';
import { readOwner } from '../../ownership/ownership.ts';
import { newResumePoint, oldResumePoint, writeResumePoint } from '../../carry/resume-point.ts';
import { oldClones, oldPath } from '../../rig/rig.ts';
import { askForgeFromOld } from '../../old-rig/reaches-forge.ts';
import { step } from '../../world/step.ts';
import type { World } from '../../world/world.ts';
import { wayBack } from './way-back.ts';

const phase = 'd-cut-over';
const second = 1000;

/** Before the heads are read: a push that is still under way must not land after that. */
export const swapKeys = step({
  id: 'back-swap-keys',
  version: 1,
  phase,
  title: 'take the key of the new host away at the forge, and let the old host in again',
  on: ['forge'],
  kind: 'compensable',
  needsClaim: true,
  inputs: ({ settings: { forge } }) => ({ forge: forgeName(forge) }),
  async check({ world, signal }) {
    const own = await keysOfNewHost(world, signal);
    const left = await keysStillIn(world, own, signal);
    const shutOut = await shutOutOf(world, signal);
    const evidence = { revoked: own.map(({ fingerprint }) => fingerprint), left, shutOut };
    return { state: left.length === 0 && shutOut.length === 0 ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal }) {
    const { fence } = world.forge;
    const own = (await keysOfNewHost(world, signal)).map(({ fingerprint }) => fingerprint);
    await noteRevokedNewKeys(world, own);
    for (const fingerprint of own) await fence.revoke(fingerprint, signal);
    for (const { name, publicKey, repositories } of await rememberedKeys(world, signal))
      await fence.grant(name, publicKey, signal, repositories);
    const shutOut = await shutOutOf(world, signal);
    if (shutOut.length === 0) return await forgetKeys(world, signal);
    throw new Error(
      `${world.settings.old.name} cannot push from ${shutOut.join(', ')}: let its key in at the forge by hand, then resume`,
    );
  },
  ...wayBack,
  timeout: 60 * second,
});

/** The work went to the forge; the resume point went to the new host. Both come back. */
export const syncBack = step({
  id: 'back-sync',
  version: 1,
  phase,
  title: 'carry the work and the resume point back',
  on: ['new host', 'old host'],
  kind: 'compensable',
  needsClaim: true,
  inputs: ({ settings: { old } }) => ({ resumePoint: old.resumePoint, clones: old.clones }),
  async check({ world, signal }) {
    const { settings, oldRig } = world;
    const [there, carried, behind] = await Promise.all([
      oldResumePoint(world, signal),
      resumePointOfNew(world, signal),
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
    // A new host that was given up has the later one on its disk, where no one can read it now.
    const here = 'answer' in carried ? carried.answer : there;
    return {
      state: there === here && current ? 'satisfied' : 'partial',
      evidence: {
        planPhase: here ?? null,
        behind,
        ...('answer' in carried ? {} : { instance: carried.instance }),
      },
    };
  },
  async apply({ world, signal }) {
    const { settings, old, oldRig } = world;
    const { resumePoint, user } = settings.old;
    const carried = await resumePointOfNew(world, signal);
    if (resumePoint !== undefined && 'answer' in carried) {
      if (carried.answer === undefined)
        throw new Error(`${settings.name} has no resume point; put it back by hand`);
      await writeResumePoint(old, oldPath(settings, resumePoint), carried.answer, user, signal);
    }
    for (const clone of oldClones(settings)) {
      await oldRig.run(['git', '-C', clone, 'pull', '--quiet', '--ff-only'], { signal });
    }
  },
  holdsUntil: 'back-grant-ownership',
  ...wayBack,
  timeout: 600 * second,
});

export const grantOld = step({
  id: 'back-grant-ownership',
  version: 1,
  phase,
  title: 'grant the loops to the old host',
  on: ['forge'],
  kind: 'compensable',
  needsClaim: true,
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
  async apply({ world, signal, owner, runId, planHash, progress }) {
    const { name: to } = world.settings.old;
    const { epoch } = await grantLoops(world, {
      plan: planHash,
      run: runId,
      to,
      last: (looking) => newAsLastOwner(world, looking),
      progress,
      signal,
    });
    await owner(to, epoch);
  },
  ...wayBack,
  // The lease of a new host that was given up is waited for here, however long it is.
  timeout: 24 * 3600 * second,
});

async function resumePointOfNew(world: World, signal: AbortSignal) {
  return orGivenUp(world, async () => newResumePoint(world, await world.target(signal), signal), signal);
}

/** The clones from which the old host cannot push. */
async function shutOutOf(world: World, signal: AbortSignal): Promise<string[]> {
  const answers = await askForgeFromOld(world, null, signal);
  return answers
    .filter(({ answer }) => answer !== 'let in')
    .map(({ clone, said }) => (said === '' ? clone : `${clone} (${said})`));
}
