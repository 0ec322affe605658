import { setTimeout as delay } from 'node:timers/promises';
import type { EngineEvent } from '@cutover/runbook';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import { incusHost } from '@cutover/incus-client';
import { newHostName } from '../rehearse/settings.ts';
import type { LabTailnet } from '../tailnet/lab-tailnet.ts';
import { cutNetwork, type Place } from './cut.ts';

/** A part of the tailnet that is killed, and comes back afterwards: by systemd where it is on a host. */
export type KilledPart = "the runner's proxy" | 'the control server' | 'tailscaled on the new host';

/** Trouble with the network that begins when a step is looked at: a cut between two places, or a part of the tailnet killed. */
export type PlannedCut = { readonly step: string; readonly seconds: number } & (
  | { readonly between: readonly [Place, Place] }
  | { readonly killed: KilledPart }
);

/** The cuts of one run. */
export interface CutsOfRun {
  event(event: EngineEvent): void;
  /** Waits until each cut is over. @returns which cuts began. */
  settled(): Promise<readonly PlannedCut[]>;
}

/** Cuts the network as it is planned, each once. */
export function cutAt(
  lab: Lab,
  hosts: LabHosts,
  planned: readonly PlannedCut[],
  tailnet?: LabTailnet,
): CutsOfRun {
  const begun = new Map<PlannedCut, Promise<void>>();
  const cut = async (one: PlannedCut): Promise<void> => {
    await using held =
      'between' in one ? await cutNetwork(lab, hosts, one.between) : await killPart(lab, one.killed, tailnet);
    void held;
    await delay(one.seconds * 1000);
  };
  return {
    event(event) {
      if (event.type !== 'looking') return;
      for (const one of planned) if (one.step === event.step && !begun.has(one)) begun.set(one, cut(one));
    },
    async settled() {
      await Promise.all(begun.values());
      return [...begun.keys()];
    },
  };
}

/** Ends a part of the tailnet as a crash would, until what is returned is disposed of. */
async function killPart(
  { client, project }: Lab,
  part: KilledPart,
  tailnet: LabTailnet | undefined,
): Promise<AsyncDisposable> {
  if (tailnet === undefined) throw new TypeError(`there is no tailnet, so ${part} cannot be killed`);
  if (part === 'tailscaled on the new host') {
    await incusHost(client.project(project), newHostName).run(['pkill', '-KILL', 'tailscaled']);
    return { [Symbol.asyncDispose]: async () => {} };
  }
  const process = part === 'the control server' ? tailnet.control : tailnet.runnerNode;
  await process.stop();
  return { [Symbol.asyncDispose]: () => process.start() };
}
