import { setTimeout as delay } from 'node:timers/promises';
import type { EngineEvent } from '@cutover/runbook';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import { cutNetwork, type Place } from './cut.ts';

/** A cut of the network that begins when a step is looked at. */
export interface PlannedCut {
  readonly step: string;
  readonly between: readonly [Place, Place];
  readonly seconds: number;
}

/** The cuts of one run. */
export interface CutsOfRun {
  event(event: EngineEvent): void;
  /** Waits until each cut is over. @returns which cuts began. */
  settled(): Promise<readonly PlannedCut[]>;
}

/** Cuts the network as it is planned, each once. */
export function cutAt(lab: Lab, hosts: LabHosts, planned: readonly PlannedCut[]): CutsOfRun {
  const begun = new Map<PlannedCut, Promise<void>>();
  const cut = async ({ between, seconds }: PlannedCut): Promise<void> => {
    await using held = await cutNetwork(lab, hosts, between);
    void held;
    await delay(seconds * 1000);
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
