import { deploy, deployFleet } from '@cutover/nix-deploy';

import { type Figure, milliseconds } from './figure.ts';
import { startMachines } from './nix-deploy-machines.ts';

const peerName = 'nix build, nix copy, nix-env --set and the switch by hand, over one ssh';

/** A deploy with all its safety, beside the bare commands; and ten hosts beside one. */
export const nixDeployFigures: readonly Figure[] = [
  single('deploy-noop', false),
  single('deploy-one-file', true),
  ...(['one host', 'ten by hand, built once'] as const).map(fleetOfTen),
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

function fleetOfTen(peer: 'one host' | 'ten by hand, built once'): Figure {
  return {
    name: 'fleet-10',
    unit: 'ms',
    better: 'lower',
    peerName: peer,
    samples: 5,
    warmUp: 1,
    open: async () => {
      const machines = await startMachines(10);
      const { targets, source, change, byHand } = machines;
      const fleet = async (count: number): Promise<void> => {
        const members = targets
          .slice(0, count)
          .map((target) => ({ target, options: { source, buildOn: 'here' } as const }));
        await deployFleet(members, { parallel: 10 });
      };
      const changed = (work: () => Promise<void>) => async (): Promise<number> => {
        await change();
        return await milliseconds(work);
      };
      return {
        ours: changed(async () => await fleet(10)),
        peer: changed(async () => await (peer === 'one host' ? fleet(1) : byHand(10))),
        [Symbol.asyncDispose]: async () => await machines[Symbol.asyncDispose](),
      };
    },
  };
}
