import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSubnet, overlaps } from '../../src/subnet.ts';

describe('chooseSubnet', () => {
  it('gives the same lab the same subnet', () => {
    expect(chooseSubnet('00000102', [])).toBe('10.100.1');
    expect(chooseSubnet('00000102', [])).toBe('10.100.1');
  });

  it('moves on from what is taken, be it by a lab, a route or an address', () => {
    expect(chooseSubnet('00000102', ['10.100.1.0/24'])).toBe('10.100.2');
    expect(chooseSubnet('00000102', ['10.100.1.77'])).toBe('10.100.2');
    expect(chooseSubnet('00000102', ['10.100.0.0/16'])).toBe('10.101.0');
  });

  it('never gives out a network that overlaps with one that is taken', () => {
    const byte = fc.nat(255);
    const network = fc
      .tuple(byte, byte, byte, fc.integer({ min: 12, max: 32 }))
      .map(([b, c, d, prefix]) => `10.${b}.${c}.${d}/${prefix}`);
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{8}$/), fc.array(network, { maxLength: 20 }), (id, taken) => {
        const free = !taken.some((one) => Number(one.split('/')[1]) < 14);
        fc.pre(free);
        const subnet = chooseSubnet(id, taken);
        expect(taken.filter((one) => overlaps(one, subnet))).toEqual([]);
      }),
    );
  });

  it('takes a default route for no claim', () => {
    expect(overlaps('0.0.0.0/0', '10.100.1')).toBe(false);
  });
});
