import { HostConnectionError } from '@cutover/host';
import { describeOwnership } from '@cutover/loops';
import type { Evidence, StepContext } from '@cutover/runbook';
import { forgeName } from '../../forge/settings.ts';
import { grantLoops } from '../../ownership/grant-loops.ts';
import { bootstrapForgeKey } from '../../new-host/forge-key.ts';
import { oldAsLastOwner } from '../../ownership/last-owner.ts';
import { readOwner, requireOldMay } from '../../ownership/ownership.ts';
import { offWord, onOldHost, withAdvice } from '../../ownership/pass-by.ts';
import { fingerprintOf } from '../../world/fence.ts';
import { type HostKey, withoutTwins } from '../../old-rig/host-key.ts';
import { keysAtForge, keysStillIn, SharedKeyError } from '../../old-rig/host-keys.ts';
import { oldHome } from '../../old-rig/old-places.ts';
import { forgetKeys, rememberedKeys, rememberKeys } from '../../old-rig/revoked-keys.ts';
import { answersOf, askForgeFromOld } from '../../old-rig/reaches-forge.ts';
import { newResumePoint, oldResumePoint, writeResumePoint } from '../../carry/resume-point.ts';
import { newPath } from '../../rig/rig.ts';
import { inspectAgainstForge } from '../../carry/forge-heads.ts';
import { compareReferences, listingOfReferences, syncReferences } from '../../carry/references.ts';
import { pullForward, wantedClones } from '../../carry/working-clones.ts';
import { expectGrant } from '../../new-host/expect-grant.ts';
import { noteFenced } from '../../old-rig/fenced-lately.ts';
import { step } from '../../world/step.ts';
import type { World } from '../../world/world.ts';
import { carryAhead } from './prepare-new.ts';
import { proveStopped, seeRunning } from './stop-old.ts';

const phase = 'd-cut-over';
const second = 1000;

/** Before the heads are read: a push that is still under way must not land after that. */
export const revokeOld = step({
  id: 'revoke-old',
  version: 1,
  phase,
  title: 'take the key of the old host away at the forge',
  on: ['forge'],
  kind: 'reversible',
  needsClaim: true,
  undoFound: true,
  needs: [seeRunning, proveStopped],
  inputs: ({ settings: { forge, old } }) => ({ forge: forgeName(forge), host: old.name }),
  async check({ world, signal, evidence: of }) {
    const { keys } = of(seeRunning);
    const left = await keysStillIn(world, keys, signal);
    const evidence = {
      revoked: keys.map(({ fingerprint }) => fingerprint),
      left,
      ...(keys.length === 0
        ? { unfenced: `no key of ${world.settings.old.name} at the forge is known, so none was taken away` }
        : {}),
    };
    return { state: left.length === 0 ? 'satisfied' : 'absent', evidence };
  },
  async apply(context) {
    const { world, signal } = context;
    const keys = await rememberOldKeys(context);
    const revoke = async (): Promise<void> => {
      for (const { fingerprint } of keys) await world.forge.fence.revoke(fingerprint, signal);
    };
    // Told now, because the command that tells it takes a moment to start.
    await Promise.all([revoke(), expectGrant(world, signal)]);
  },
  async undo({ world, signal }) {
    await requireOldMay(world, 'released', signal);
    for (const { name, publicKey, repositories } of await rememberedKeys(world, signal))
      await world.forge.fence.grant(name, publicKey, signal, repositories);
    await forgetKeys(world, signal);
  },
  // A forge that is restored from a backup lets the key in again.
  reapply: true,
  timeout: 60 * second,
});

/**
 * Remembers the keys of the old host that are about to be taken away.
 *
 * @throws {SharedKeyError} one of them is the new host's too.
 */
export async function rememberOldKeys(context: StepContext<World>): Promise<readonly HostKey[]> {
  const { world, signal, evidence: of } = context;
  const { word } = await offWord(context);
  const [keys, own] = await Promise.all([
    word === undefined ? keysNow(world, of(seeRunning).keys, signal) : of(seeRunning).keys,
    // Asked here and not in the check, which an undo needs too: a rollback must not depend on the new host.
    bootstrapForgeKey(world, signal).then(fingerprintOf),
  ]);
  if (keys.some(({ fingerprint }) => fingerprint === own)) throw new SharedKeyError(own);
  await rememberKeys(world, keys, { onOldHost: word === undefined, signal });
  return keys;
}

/** Those that were seen before the stop, and those that the old host was given since; a gate may stay open for a day. */
async function keysNow(world: World, seen: readonly HostKey[], signal: AbortSignal): Promise<HostKey[]> {
  try {
    const letIn = await keysAtForge(world, world.old, await oldHome(world, signal), signal);
    return withoutTwins([...seen, ...letIn]);
  } catch (error) {
    // A host that has gone away since is fenced by what was seen.
    if (error instanceof HostConnectionError) return [...seen];
    throw error;
  }
}

/** Asked from there, by whatever it has: a key elsewhere, an agent, a token. */
export const proveFenced = onOldHost<Evidence>(async () => ({}))({
  id: 'prove-fenced',
  version: 1,
  phase,
  title: 'see that the forge refuses the old host',
  on: ['old host', 'forge'],
  kind: 'reversible',
  needs: [seeRunning, revokeOld],
  inputs: ({ settings: { forge, old } }) => ({ forge: forgeName(forge), host: old.name }),
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
    noteFenced(world);
    return { state: 'satisfied', evidence };
  },
  holdsUntil: 'grant-ownership',
  timeout: 60 * second,
});

/** What the old rig wrote since phase C: its last commits, the resume point, the references. */
export const lastSync = step({
  id: 'last-sync',
  version: 2,
  phase,
  title: 'carry the last changes over',
  on: ['old host', 'new host'],
  kind: 'compensable',
  needsClaim: true,
  needs: [revokeOld, carryAhead],
  inputs: ({ settings }) => ({ resumePoint: settings.old.resumePoint, references: settings.old.references }),
  async check(context) {
    const { world, signal } = context;
    const { word } = await offWord(context);
    const target = await world.target(signal);
    const here = newResumePoint(world, target, signal);
    const look = async () => {
      const [there, carried, clones, differing] = await Promise.all([
        // Of an old host that is off, what was carried before is all that there is.
        word === undefined ? oldResumePoint(world, signal) : here,
        here,
        inspectAgainstForge(world, wantedClones(world), signal),
        word === undefined ? differingReferences(context) : 0,
      ]);
      const current = clones.every(({ state }) => state === 'current');
      const same = there === carried && current && differing === 0;
      return {
        state: same ? ('satisfied' as const) : ('partial' as const),
        evidence: {
          planPhase: there ?? null,
          heads: Object.fromEntries(clones.map(({ path, remoteHead }) => [path, remoteHead ?? 'none'])),
          references: { differing },
          ...(word === undefined ? {} : { attested: { ...word } }),
        },
      };
    };
    return withAdvice(context, look);
  },
  async apply(context) {
    const { world, signal } = context;
    const { settings, old } = world;
    const { word } = await offWord(context);
    const [target, user] = [await world.target(signal), await world.targetRig(signal)];
    const carry = async (): Promise<void> => {
      const { resumePoint } = settings.old;
      if (resumePoint === undefined) return;
      const index = await oldResumePoint(world, signal);
      if (index === undefined)
        throw new Error(`${old.name} has no resume point any more; put it back by hand`);
      await writeResumePoint(target, newPath(settings, resumePoint), index, settings.new.user, signal);
    };
    const sync = async (): Promise<void> => {
      if ((await differingReferences(context)) > 0) await syncReferences(world, signal);
    };
    await Promise.all([
      ...wantedClones(world).map((wanted) => pullForward(user, wanted, signal)),
      ...(word === undefined ? [carry(), sync()] : []),
    ]);
  },
  holdsUntil: 'grant-ownership',
  leaves: 'what it carried to the new host, which goes with the instance',
  timeout: 600 * second,
});

/** Read again only where they changed since they were carried: there may be many, and the loops stand still. */
async function differingReferences({ world, signal, evidence: of }: StepContext<World>): Promise<number> {
  const { listing } = of(carryAhead);
  if (listing !== null && listing === (await listingOfReferences(world, signal))) return 0;
  return (await compareReferences(world, signal)).differing;
}

/** C1: from here on the new host may run the loops, and write work of its own. */
export const grantNew = step({
  id: 'grant-ownership',
  version: 1,
  phase,
  title: 'grant the loops to the new host',
  on: ['forge'],
  kind: 'irreversible',
  needsClaim: true,
  commitPoint: 'C1',
  inputs: ({ settings: { name, old, ownership } }) => ({ from: old.name, to: name, lease: ownership.lease }),
  async check({ world, signal }) {
    const { settings } = world;
    const found = await readOwner(world, signal);
    const word = found?.state === 'held' ? found.attestation : undefined;
    const evidence = {
      owner: found?.owner ?? null,
      epoch: found?.epoch ?? 0,
      ...(word === undefined ? {} : { attested: { ...word } }),
    };
    if (found?.owner === settings.name) return { state: 'satisfied', evidence };
    // Released by the new host: its ref was written again by hand, or a way back was given up.
    if (found?.state === 'released' && [settings.old.name, settings.name].includes(found.from ?? ''))
      return { state: 'absent', evidence };
    return {
      state: 'conflict',
      evidence,
      reason: `the loops are ${describeOwnership(found)}, and not released by ${settings.old.name}`,
    };
  },
  async apply(context) {
    const { world, signal, owner, runId, planHash, progress, evidence: of } = context;
    const seen = of(seeRunning);
    const { word } = await offWord(context);
    const granted = await grantLoops(world, {
      plan: planHash,
      run: runId,
      to: world.settings.name,
      last: () => oldAsLastOwner(context, seen),
      attestation: word,
      progress,
      signal,
    });
    await owner(world.settings.name, granted.epoch);
  },
  timeout: 60 * second,
});
