import { expect, it } from 'vitest';

import { differingInhibitors } from '../../src/plan/inhibitors.ts';

const path = (name: string, hash = '0'): string => `/nix/store/${hash.repeat(32)}-${name}`;

it('compares the names that both systems have, as nixpkgs does today', () => {
  const before = JSON.stringify({ dbus: 'broker', systemd: '257', gone: 'x' });
  const after = JSON.stringify({ dbus: 'dbus', systemd: '257', fresh: 'y' });
  expect(differingInhibitors(before, after)).toEqual(['dbus']);
  expect(differingInhibitors(before, before)).toEqual([]);
});

it('compares the lines of before, by the names of their packages', () => {
  const before = `${path('systemd-257')}\n${path('dbus-1.14')}`;
  expect(differingInhibitors(before, `${path('systemd-258', '1')}\n${path('dbus-1.14')}`)).toEqual([
    'systemd-258',
    'systemd-257',
  ]);
});

it('finds none where the running system has no list, or one of the other kind', () => {
  expect(differingInhibitors(undefined, '{"dbus":"x"}')).toEqual([]);
  expect(differingInhibitors(path('systemd-257'), '{"dbus":"x"}')).toEqual([]);
});
