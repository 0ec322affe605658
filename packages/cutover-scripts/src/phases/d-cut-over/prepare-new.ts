import { inspectAgainstForge } from '../../carry/forge-heads.ts';
import { compareReferences, listingOfReferences, syncReferences } from '../../carry/references.ts';
import { pullForward, wantedClones } from '../../carry/working-clones.ts';
import { whyNotHeld } from '../../new-host/deployed-rig.ts';
import { onOldHost } from '../../ownership/pass-by.ts';
import { armedFile, bootService, rigConfigFile, tmuxService } from '../../rig/rig.ts';
import { rigStatus } from '../../rig/rig-status.ts';
import { step } from '../../world/step.ts';
import type { World } from '../../world/world.ts';

const phase = 'd-cut-over';
const second = 1000;

/** What was carried before the old rig stopped; `listing`: of the references, where they are the same on both hosts. */
export type CarriedAhead = { readonly listing: string | null; readonly differing: number };

/** All that need not wait for the stop: only what changes after this is carried in the downtime. */
export const carryAhead = onOldHost<CarriedAhead>(async () => ({ listing: null, differing: 0 }))({
  id: 'carry-ahead',
  version: 1,
  phase,
  title: 'carry over what there is, while the old rig still runs',
  on: ['old host', 'new host'],
  kind: 'compensable',
  inputs: ({ settings }) => ({ references: settings.old.references, repositories: settings.repositories }),
  async check({ world, signal }) {
    const [{ listing, differing }, clones] = await Promise.all([
      lookAtReferences(world, signal),
      inspectAgainstForge(world, wantedClones(world), signal),
    ]);
    const behind = clones.filter(({ state }) => state !== 'current').map(({ path }) => path);
    const done = differing === 0 && behind.length === 0;
    return { state: done ? 'satisfied' : 'partial', evidence: { listing, differing, behind } };
  },
  async apply({ world, signal }) {
    const user = await world.targetRig(signal);
    await Promise.all([
      syncReferences(world, signal),
      ...wantedClones(world).map((wanted) => pullForward(user, wanted, signal)),
    ]);
  },
  // The old rig writes on: whether the clones have all of it is asked when it is stopped.
  verify: ({ world, signal }) => lookAtReferences(world, signal),
  reapply: true,
  holdsUntil: 'grant-ownership',
  leaves: 'what it carried to the new host, which goes with the instance',
  timeout: 3600 * second,
});

async function lookAtReferences(world: World, signal: AbortSignal): Promise<CarriedAhead> {
  // Before they are compared: what changes meanwhile is in no listing that is equal to this one.
  const listing = await listingOfReferences(world, signal);
  const { differing } = await compareReferences(world, signal);
  return { listing: differing === 0 ? listing : null, differing };
}

/**
 * The new rig's supervisor, up and held: it starts no loop before it sees the grant, and then at once. The downtime does not
 * include its start.
 */
export const readyNew = step({
  id: 'ready-new',
  version: 1,
  phase,
  title: 'start the supervisor on the new host, which waits for the grant',
  on: ['new host'],
  kind: 'reversible',
  needsClaim: true,
  inputs: ({ rig }) => ({ rig: rig.rig, service: bootService(rig.rig) }),
  async check({ world, signal }) {
    await world.forge.keepWarm?.();
    const { rig } = world.rig;
    const target = await world.target(signal);
    const [notHeld, armed, active] = await Promise.all([
      whyNotHeld(world, target, signal),
      target.run(['test', '-e', armedFile], { reject: false, signal }),
      target.run(['systemctl', 'is-active', bootService(rig)], { reject: false, signal }),
    ]);
    if (armed.exitCode !== 0 || active.exitCode !== 0)
      return { state: armed.exitCode === 0 ? 'partial' : 'absent', evidence: { supervisor: 'down' } };
    if (notHeld !== undefined) return { state: 'conflict', evidence: {}, reason: notHeld };
    const { supervisor, hold } = await rigStatus(await world.targetRig(signal), rigConfigFile(rig), signal);
    const evidence = { supervisor: supervisor.state, hold: hold ?? null };
    return { state: supervisor.state === 'up' ? 'satisfied' : 'partial', evidence };
  },
  async apply({ world, signal }) {
    const target = await world.target(signal);
    const { rig } = world.rig;
    // Here and not in the look at one that is down, which proves an undo too: that must not depend on the file.
    const notHeld = await whyNotHeld(world, target, signal);
    if (notHeld !== undefined) throw new Error(notHeld);
    await target.writeFile(armedFile, `The loops of this host are armed.\n`, { mode: 0o644, signal });
    await target.run(['systemctl', 'start', tmuxService(rig), bootService(rig)], { signal });
  },
  async undo({ world, signal }) {
    const target = await world.target(signal);
    const { rig } = world.rig;
    await target.run(['rm', '-f', armedFile], { signal });
    await target.run(['systemctl', 'stop', bootService(rig), tmuxService(rig)], { signal });
  },
  // After a reboot of the new host its boot service has it up again, or is told to.
  reapply: true,
  undoFound: true,
  holdsUntil: 'grant-ownership',
  timeout: 120 * second,
});
