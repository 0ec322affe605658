import { deploy, deployFleet } from '@cutover/nix-deploy';

import { type Figure, milliseconds } from './figure.ts';
import { startMachines } from './nix-deploy-machines.ts';

const peerName = 'nix build, nix copy, nix-env --set and the switch by hand, over one ssh';

/** A deploy with all its safety, beside the bare commands; and ten hosts beside one. */
export const nixDeployFigures: readonly Figure[] = [
  single('deploy-noop', false),
  single('deploy-one-file', true),
  {
    name: 'fleet-10',
    unit: 'ms',
    better: 'lower',
    peerName: 'one host',
    samples: 5,
    warmUp: 1,
    open: async () => {
      const machines = await startMachines(10);
      const { targets, source, change } = machines;
      const fleet = async (count: number): Promise<number> => {
        await change();
        const members = targets
          .slice(0, count)
          .map((target) => ({ target, options: { source, buildOn: 'here' } as const }));
        return await milliseconds(async () => await deployFleet(members, { parallel: 10 }));
      };
      return {
        ours: async () => await fleet(10),
        peer: async () => await fleet(1),
        [Symbol.asyncDispose]: async () => await machines[Symbol.asyncDispose](),
      };
    },
  },
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
          return await milliseconds(byHand);
        },
        [Symbol.asyncDispose]: async () => await machines[Symbol.asyncDispose](),
      };
    },
  };
}
