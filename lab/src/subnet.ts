/** An IPv4 network `10.a.b.0/24`, as `10.a.b`. */
export type Subnet = `10.${number}.${number}`;

/**
 * The subnet of a lab: derived from its id, so that a lab tends to keep it, moved on while another lab has it or this
 * machine has a route or an address in it.
 */
export function chooseSubnet(id: string, taken: readonly string[]): Subnet {
  const seed = Number.parseInt(id.slice(0, 6), 16);
  for (let offset = 0; offset < 100 * 256; offset++) {
    const index = (seed + offset) % (100 * 256);
    const subnet: Subnet = `10.${100 + Math.floor(index / 256)}.${index % 256}`;
    if (!taken.some((network) => overlaps(network, subnet))) return subnet;
  }
  throw new Error('every network from 10.100.0.0/24 to 10.199.255.0/24 is taken on this machine');
}

/** `network` is an address, with or without `/prefix`. */
export function overlaps(network: string, subnet: Subnet): boolean {
  const [address = '', prefix = '32'] = network.split('/');
  const bits = Math.min(Number(prefix), 24);
  // A default route is no claim to the addresses that it leads to.
  if (bits === 0) return false;
  const mask = bits === 32 ? 0xffffffff : ~(0xffffffff >>> bits) >>> 0;
  return (toNumber(address) & mask) >>> 0 === (toNumber(`${subnet}.0`) & mask) >>> 0;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
}
