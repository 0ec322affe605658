import type { LastOwner } from '@cutover/loops';
import type { StepContext } from '@cutover/runbook';
import { keysOfNewHost, shutToNewHost } from '../new-host/forge-key.ts';
import { orGivenUp } from '../new-host/new-host-off.ts';
import { remainsOnNew } from '../new-host/prove-new-stopped.ts';
import type { HostKey } from '../old-rig/host-key.ts';
import { keyOfOldHost, keysStillIn } from '../old-rig/host-keys.ts';
import { fencedLately } from '../old-rig/fenced-lately.ts';
import { proveOldStopped, type SeenProcess } from '../old-rig/see-old-rig.ts';
import type { World } from '../world/world.ts';
import { offWord } from './pass-by.ts';

/** What `see-old-rig` found. */
export interface SeenOldRig {
  readonly processes: readonly SeenProcess[];
  readonly keys: readonly HostKey[];
  readonly agent: string | null;
}

/** The old host as the last owner, looked at now: hours may lie between the proofs and a resumed run. */
export async function oldAsLastOwner(
  context: StepContext<World>,
  { processes, keys, agent }: SeenOldRig,
): Promise<LastOwner> {
  const { world, signal } = context;
  const { name } = world.settings.old;
  const common = { name, supervised: false, instance: 'not asked' } as const;
  const { word } = await offWord(context);
  if (word !== undefined) {
    const byHand = world.forge.byHand === true;
    const left = byHand ? [] : await keysStillIn(world, keys, signal);
    const key = byHand ? 'cannot' : left.length > 0 ? 'valid' : keys.length === 0 ? 'cannot' : 'revoked';
    return { ...common, stopped: false, answers: false, lastAnswer: word.lastAnswer, key };
  }
  const asked = fencedLately(world);
  const access = keyOfOldHost(world, { keys, agent }, signal, asked);
  // Else one after the other: the git that asks the forge works in a clone of the rig, where the proof would find it.
  if (!asked) await access;
  const [key, { stopped }] = await Promise.all([access, proveOldStopped(world, processes, signal)]);
  return { ...common, stopped, answers: true, lastAnswer: await world.oldAnswers.last(), key };
}

/** The new host as the last owner, for the way back: its supervisor enforces its lease. */
export async function newAsLastOwner(world: World, signal: AbortSignal): Promise<LastOwner> {
  const key = await keyOfNewHost(world, signal);
  const remaining = await orGivenUp(world, () => remainsOnNew(world, signal), signal);
  const answers = 'answer' in remaining;
  return {
    name: world.settings.name,
    supervised: true,
    stopped: answers && remaining.answer.length === 0,
    answers,
    lastAnswer: null,
    key,
    instance: answers ? 'not asked' : remaining.instance,
  };
}

/** A forge without an API is asked from the new host itself. */
async function keyOfNewHost(world: World, signal: AbortSignal): Promise<LastOwner['key']> {
  if (world.forge.byHand !== true) {
    const own = await keysOfNewHost(world, signal);
    // None is known, so none was taken away.
    if (own.length === 0) return 'cannot';
    return (await keysStillIn(world, own, signal)).length === 0 ? 'revoked' : 'valid';
  }
  const asked = await orGivenUp(world, () => shutToNewHost(world, signal), signal);
  if (!('answer' in asked)) return 'cannot';
  const refused = asked.answer.filter(({ answer }) => answer === 'refused');
  return refused.length === world.forge.keyedRepositories?.length ? 'revoked' : 'valid';
}
