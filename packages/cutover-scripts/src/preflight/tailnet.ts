import { readAuthKey } from '../tailnet/auth-key.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** What can be told of a tailnet before there is a node to join it. */
export function tailnetChecks({ settings }: World): Check[] {
  const { tailnet, nixos } = settings;
  const { proxy } = nixos;
  return [
    ...(tailnet === undefined
      ? []
      : [
          {
            name: 'tailnet key',
            async look() {
              const found = await readAuthKey(tailnet.authKey);
              if ('problem' in found) return bad(`tailnet.authKey: ${found.problem}`);
              // Only the control server knows, and to ask it with the key itself would spend the key.
              return good({ notLookedAt: 'whether the control server still takes the key' });
            },
          },
        ]),
    ...(proxy === undefined
      ? []
      : [
          {
            name: 'tailnet proxy',
            look: async () =>
              good(
                proxy.openToTailnet
                  ? {
                      open: 'every port on the loopback address of the new host, for each peer of the tailnet',
                    }
                  : { open: 'nothing' },
              ),
          },
        ]),
  ];
}
