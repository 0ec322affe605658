import { deploy, deployFleet, plan } from '@cutover/nix-deploy';

import { type Figure, milliseconds } from './figure.ts';
import { startMachines } from './nix-deploy-machines.ts';

const peerName = 'nix build, nix copy, nix-env --set and the switch by hand, over one ssh';

/** A deploy with all its safety, beside the bare commands; and ten hosts beside one. */
export const nixDeployFigures: readonly Figure[] = [
  single('deploy-noop', false),
  single('deploy-one-file', true),
  planned(),
  fleet(10, 'one host'),
  ...[1, 3, 10].map((count) => fleet(count, 'by hand, built once')),
];

function single(name: string, changing: boolean): Figure {
  return {
    name,
    unit: 'ms',
    better: 'lower',
    peerName,
    samples: 10,
    warmUp: 1,
    open: async () => {
      const machines = await startMachines(1);
      const { targets, source, change, byHand } = machines;
      return {
        ours: async () => {
          if (changing) await change();
          return await milliseconds(async () => {
            for (const target of targets) await deploy(target, { source, buildOn: 'here' });
          });
        },
        peer: async () => {
          if (changing) await change();
          return await milliseconds(async () => await byHand(1));
        },
        [Symbol.asyncDispose]: async () => await machines[Symbol.asyncDispose](),
      };
    },
  };
}

/** Of a changed system, which is not built: what has to be built for it, and what the host lacks. */
function planned(): Figure {
  return {
    name: 'plan',
    unit: 'ms',
    better: 'lower',
    peerName: 'nix build --dry-run',
    samples: 10,
    warmUp: 1,
    open: async () => {
      const machines = await startMachines(1);
      const { targets, source, change, dryRun } = machines;
      return {
        ours: async () => {
          await change();
          return await milliseconds(async () => {
            for (const target of targets) await plan(target, { source, buildOn: 'here', build: false });
          });
        },
        peer: async () => {
          await change();
          return await milliseconds(dryRun);
        },
        [Symbol.asyncDispose]: async () => await machines[Symbol.asyncDispose](),
      };
    },
  };
}

/** So many hosts at once. */
function fleet(size: number, peer: 'one host' | 'by hand, built once'): Figure {
  return {
    name: `fleet-${size}`,
    unit: 'ms',
    better: 'lower',
    peerName: peer,
    samples: 5,
    warmUp: 1,
    open: async () => {
      const machines = await startMachines(size);
      const { targets, source, change, byHand } = machines;
      const deployTo = async (count: number): Promise<void> => {
        const members = targets
          .slice(0, count)
          .map((target) => ({ target, options: { source, buildOn: 'here' } as const }));
        await deployFleet(members, { parallel: size });
      };
      const changed = (work: () => Promise<void>) => async (): Promise<number> => {
        await change();
        return await milliseconds(work);
      };
      return {
        ours: changed(async () => await deployTo(size)),
        peer: changed(async () => await (peer === 'one host' ? deployTo(1) : byHand(size))),
        [Symbol.asyncDispose]: async () => await machines[Symbol.asyncDispose](),
      };
    },
  };
}
