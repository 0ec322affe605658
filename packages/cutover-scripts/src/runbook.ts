import type { Phase, Runbook } from '@cutover/runbook';
import { resolve } from 'node:path';
import { provisionSteps } from './phases/a-provision.ts';
import { configureSteps } from './phases/b-configure.ts';
import { stageSteps } from './phases/c-stage.ts';
import { cutOverSteps } from './phases/d-cut-over.ts';
import { startNew } from './phases/d-cut-over/start-new.ts';
import { handOverSteps } from './phases/e-hand-over.ts';
import { rebootProofSteps } from './phases/reboot-proof.ts';
import { retireOldSteps } from './phases/retire-old.ts';
import { rollbackSteps } from './phases/rollback.ts';
import { startOld } from './phases/rollback/start-old.ts';
import { preflight } from './preflight/preflight.ts';
import { findAlarms } from './ownership/alarms.ts';
import { takeAttestation } from './ownership/attestation.ts';
import { readOwner } from './ownership/ownership.ts';
import { reviveByHand } from './ownership/revive-ownership.ts';
import { claimOperator, takeOverOperator } from './ownership/operator-claim.ts';
import { whatStaysReachable } from './ownership/unfenced.ts';
import { withPerson } from './forge/git/by-hand.ts';
import { isUnsafe } from './is-unsafe.ts';
import { openWorld } from './world/open-world.ts';
import type { World } from './world/world.ts';

/** The phases of a cutover. */
export const phases: readonly Phase[] = [
  { id: 'a-provision', title: 'A provision' },
  { id: 'b-configure', title: 'B configure' },
  { id: 'c-stage', title: 'C stage' },
  { id: 'd-cut-over', title: 'D cut over' },
  { id: 'e-hand-over', title: 'E hand over' },
];

/**
 * Makes the runbook of a cutover from its config file. Nothing is connected to yet.
 *
 * @param statePath the state directory; working copies are kept below it.
 * @throws {ConfigError} a config file cannot be used.
 */
export async function loadRunbook(configPath: string, statePath: string): Promise<Runbook<World>> {
  const world = await openWorld(configPath, resolve(statePath, 'work'));
  const { settings } = world;
  return {
    name: `${settings.old.name} → ${settings.name}`,
    phases,
    world,
    steps: withPerson(
      [...provisionSteps, ...configureSteps, ...stageSteps, ...cutOverSteps, ...handOverSteps],
      world,
    ),
    rollbackAfterCommit: withPerson(rollbackSteps, world),
    lists: { 'reboot-proof': rebootProofSteps, 'retire-old': retireOldSteps },
    words: { owner: 'owner of the loops', downtime: 'downtime of the loops' },
    downtimeEndsWith: [startNew, startOld],
    doctor: (signal) => preflight(world, signal),
    claim: (witness, signal) => claimOperator(world, witness, signal),
    isUnsafe,
    async isCommitted(signal) {
      const found = await readOwner(world, signal);
      return (found?.state === 'held' ? found.owner : found?.from) === settings.name;
    },
    unlocks: {
      operator: (words, signal) => takeOverOperator(world, words, signal),
      ownership: (words, signal) => reviveByHand(world, words, signal),
    },
    attest: async (statement, signal) => ({ ...(await takeAttestation(world, statement, signal)) }),
    alarms: { 'what the move left': (signal) => findAlarms(world, signal) },
    caveats: whatStaysReachable(world),
    async ownership(signal) {
      const found = await readOwner(world, signal);
      if (found === undefined) return { owner: settings.old.name, epoch: 0 };
      return { owner: found.owner ?? 'no host: the loops are released', epoch: found.epoch };
    },
    approvers: settings.approvers,
    notify: settings.notify,
    // No step ever holds the content of a secret beyond its own call, so there is nothing to redact.
    standIns: settings.standIns,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
