import type { Instance, InstanceState } from '../instances/types.ts';

/** An interface that an instance's devices name: by its name in the guest, by its MAC address where that is known. */
export interface Nic {
  readonly name: string;
  readonly hwaddr: string | undefined;
}

/**
 * The interfaces whose addresses are the instance's own, in the order of their devices; the one of that name where `wanted`
 * is given. What a guest makes for itself, such as docker0 with the same 172.17.0.1 in each guest, is not among them.
 */
export function nicsOf(
  { expanded_devices: devices, config }: Instance,
  wanted: string | undefined,
): readonly Nic[] {
  if (wanted !== undefined) return [{ name: wanted, hwaddr: undefined }];
  return Object.entries(devices)
    .filter(([, { type }]) => type === 'nic')
    .map(([device, options]) => ({
      name: options['name'] ?? config[`volatile.${device}.name`] ?? device,
      hwaddr: options['hwaddr'] ?? config[`volatile.${device}.hwaddr`],
    }));
}

/** A global address, and the interface that has it. */
interface NicAddress {
  readonly address: string;
  readonly nic: string;
}

/**
 * The first global address on one of the interfaces; on any but the loopback where the devices name none. A bridge that the
 * guest made of an interface has its MAC address, and counts as it.
 */
export function addressOf(
  { network }: InstanceState,
  family: 'inet' | 'inet6',
  nics: readonly Nic[],
): NicAddress | undefined {
  const interfaces = Object.entries(network ?? {}).filter(([, { type }]) => type !== 'loopback');
  const own = nics.flatMap(({ name, hwaddr }) =>
    interfaces.filter(
      ([guestName, facts]) => guestName === name || (hwaddr !== undefined && facts.hwaddr === hwaddr),
    ),
  );
  for (const [nic, { addresses }] of nics.length === 0 ? interfaces : own) {
    const found = addresses.find((candidate) => candidate.family === family && candidate.scope === 'global');
    if (found !== undefined) return { address: found.address, nic };
  }
  return undefined;
}
