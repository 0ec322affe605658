import { describeOwnership } from '@cutover/loops';
import { bootstrapForgeKey } from '../../new-host/forge-key.ts';
import { grantLoops } from '../../ownership/grant-loops.ts';
import { keysStillIn, rememberedKeys } from '../../old-rig/host-keys.ts';
import { readOwner } from '../../ownership/ownership.ts';
import { readResumePoint, writeResumePoint } from '../../carry/resume-point.ts';
import { newPath, oldClones, oldPath } from '../../rig/rig.ts';
import { fingerprintOf } from '../../world/fence.ts';
import { newRemainders } from '../../new-host/new-remainders.ts';
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
  kind: 'compensable',
  inputs: ({ settings: { forge } }) => ({ forge: forge.ssh.host }),
  async check({ world, signal }) {
    const own = fingerprintOf(await bootstrapForgeKey(world, signal));
    const left = await keysStillIn(world, [{ fingerprint: own }], signal);
    const shutOut = await shutOutOf(world, signal);
    const evidence = { revoked: own, left, shutOut };
    return { state: left.length === 0 && shutOut.length === 0 ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal }) {
    const { fence } = world.forge;
    await fence.revoke(fingerprintOf(await bootstrapForgeKey(world, signal)), signal);
    for (const { name, publicKey } of await rememberedKeys(world)) await fence.grant(name, publicKey, signal);
    const shutOut = await shutOutOf(world, signal);
    if (shutOut.length === 0) return;
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

export const grantOld = step({
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

/** The clones from which the old host cannot push. */
async function shutOutOf(world: World, signal: AbortSignal): Promise<string[]> {
  const answers = await askForgeFromOld(world, null, signal);
  return answers
    .filter(({ answer }) => answer !== 'let in')
    .map(({ clone, said }) => (said === '' ? clone : `${clone} (${said})`));
}
