import { describeOwnership } from '@cutover/loops';
import { grantLoops } from '../../ownership/grant-loops.ts';
import { bootstrapForgeKey } from '../../new-host/forge-key.ts';
import { readOwner } from '../../ownership/ownership.ts';
import { proveOldStopped } from '../../old-rig/see-old-rig.ts';
import { fingerprintOf } from '../../world/fence.ts';
import {
  keyOfOldHost,
  keysStillIn,
  rememberedKeys,
  rememberKeys,
  SharedKeyError,
} from '../../old-rig/host-keys.ts';
import { answersOf, askForgeFromOld } from '../../old-rig/reaches-forge.ts';
import { readResumePoint, writeResumePoint } from '../../carry/resume-point.ts';
import { newPath, oldPath } from '../../rig/rig.ts';
import { compareReferences, syncReferences } from '../../carry/references.ts';
import { inspectWorkingClone, pullForward, wantedClones } from '../../carry/working-clones.ts';
import { step } from '../../world/step.ts';
import { proveStopped, seeRunning } from './stop-old.ts';

const phase = 'd-cut-over';
const second = 1000;

/** Before the heads are read: a push that is still under way must not land after that. */
export const revokeOld = step({
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

/** Asked from there, by whatever it has: a key elsewhere, an agent, a token. */
export const proveFenced = step({
  id: 'prove-fenced',
  version: 1,
  phase,
  title: 'see that the forge refuses the old host',
  kind: 'reversible',
  needs: [seeRunning, revokeOld],
  inputs: ({ settings: { forge, old } }) => ({ forge: forge.ssh.host, host: old.name }),
  async check({ world, signal, evidence: of }) {
    const answers = await askForgeFromOld(world, of(seeRunning).agent, signal);
    const [letIn, silent] = [answersOf(answers, 'let in'), answersOf(answers, 'no answer')];
    const evidence = { refused: answersOf(answers, 'refused'), letIn, silent };
    const { name } = world.settings.old;
    if (letIn.length > 0)
      return {
        state: 'conflict',
        evidence,
        reason: `${name} can still push from ${letIn.join(', ')}, by a key or a token that was not found; take it away at the forge, then resume`,
      };
    if (silent.length > 0)
      return {
        state: 'unknown',
        evidence,
        reason: `the forge gives ${name} no answer in ${silent.join(', ')}, so it is not known whether it can push; look at its network, then resume`,
      };
    return { state: 'satisfied', evidence };
  },
  holdsUntil: 'grant-ownership',
  timeout: 60 * second,
});

/** What the old rig wrote since phase C: its last commits, the resume point, the references. */
export const lastSync = step({
  id: 'last-sync',
  version: 1,
  phase,
  title: 'carry the last changes over',
  kind: 'compensable',
  needs: [revokeOld],
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
    const seen = of(seeRunning);
    // Looked at here once more: hours may lie between the proof and a resumed run.
    const [{ stopped }, key] = await Promise.all([
      proveOldStopped(world, seen.processes, signal),
      keyOfOldHost(world, seen, signal),
    ]);
    const last = {
      name: world.settings.old.name,
      supervised: false,
      answers: true,
      instance: 'not asked',
      stopped,
      key,
    } as const;
    const { name: to } = world.settings;
    await owner(to, await grantLoops(world, { run: runId, to, last, signal }));
  },
  timeout: 60 * second,
});
