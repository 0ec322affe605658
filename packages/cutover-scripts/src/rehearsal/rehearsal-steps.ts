import type { RigConfig } from '@cutover/loops';
import type { Step } from '@cutover/runbook';
import { missingLoopFiles } from '../new-host/loop-files.ts';
import { provisionSteps } from '../phases/a-provision.ts';
import { configureSteps } from '../phases/b-configure.ts';
import { stageSteps } from '../phases/c-stage.ts';
import { startLoops } from '../phases/d-cut-over/start-new.ts';
import { rebootProofSteps } from '../phases/reboot-proof.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';
import { takeScratchOwnership } from './scratch-refs.ts';

/** What only the real cutover does: the owner on record, and the login of a person. */
const realOnly = new Set(['record-owner', 'log-agent-in']);

/**
 * The steps of a rehearsal: phases A to C as they are, the stand-ins started by the boot service, and the reboot proof.
 * The old host is only read.
 *
 * @param rig the real rig, whose files must be there.
 */
export function rehearsalSteps(rig: RigConfig): readonly Step<World>[] {
  const staged: readonly Step<World>[] = [
    ...provisionSteps.filter(({ id }) => !realOnly.has(id)),
    takeScratchOwnership,
    ...configureSteps,
    ...stageSteps.filter(({ id }) => !realOnly.has(id)),
  ];
  const found = findRealFiles(rig, staged);
  const steps: readonly Step<World>[] = [
    ...staged,
    found,
    // The old rig works on meanwhile. The approval of the real one stands before it; here it begins when all else is in place.
    { ...startLoops, needs: [found] },
    ...rebootProofSteps.map((one, index) => (index === 0 ? { ...one, needs: [startLoops] } : one)),
    measure,
  ];
  const ids = new Set(steps.map(({ id }) => id));
  return steps.map((one) =>
    one.holdsUntil === undefined || ids.has(one.holdsUntil) ? one : { ...one, holdsUntil: 'start-new' },
  );
}

/** The stand-ins need none of it; the agents will. */
function findRealFiles(rig: RigConfig, needs: readonly Step<World>[]): Step<World> {
  return step({
    id: 'find-real-files',
    version: 1,
    phase: 'c-stage',
    title: 'find what each real loop needs',
    on: ['new host'],
    kind: 'reversible',
    needs,
    inputs: () => ({ loops: rig.loops.map(({ name }) => name) }),
    async check({ world, signal }) {
      const missing = await missingLoopFiles(await world.targetRig(signal), rig, signal);
      const evidence = { loops: rig.loops.length, missing };
      return missing.length === 0
        ? { state: 'satisfied', evidence }
        : {
            state: 'conflict',
            evidence,
            reason: `the new host would lack ${missing.join('; ')}; correct loops.yaml, or what should bring it`,
          };
    },
    timeout: 60_000,
  });
}

/** How much room the machine has with everything in place. */
const measure = step({
  id: 'measure',
  version: 1,
  phase: 'e-hand-over',
  title: 'measure memory and disk of the new host',
  on: ['new host'],
  kind: 'reversible',
  inputs: ({ settings: { instance } }) => ({ memory: instance.memory, disk: instance.disk }),
  async check({ world, signal }) {
    const target = await world.freshTarget(signal);
    const [memory, disk] = await Promise.all([
      target.run(['cat', '/proc/meminfo'], { signal }),
      target.run(['df', '--output=avail', '-B1M', '/'], { signal }),
    ]);
    const [, available = '0'] = /^MemAvailable:\s+(\d+)/m.exec(memory.stdout) ?? [];
    const evidence = {
      memoryAvailableMiB: Math.round(Number(available) / 1024),
      diskAvailableMiB: Number(disk.stdout.trim().split('\n').at(-1)),
    };
    return { state: 'satisfied', evidence };
  },
  timeout: 60_000,
});
