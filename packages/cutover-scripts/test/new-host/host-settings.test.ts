import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { hostSettings } from '../../src/new-host/host-settings.ts';
import { socksAddress } from '../../src/world/socks-address.ts';

const example = new URL('../../../../examples/cutover/cutover.yaml', import.meta.url).pathname;

test('the new host reaches the forge through its proxy where the config says so', async () => {
  const settings = await loadConfig(example);
  const proxy = {
    name: 'cc-ci-tailscaled',
    port: 1055,
    authKeyFile: '/key',
    openToTailnet: false,
    forge: true,
  };
  const of = (forge: boolean) =>
    hostSettings({ ...settings, nixos: { ...settings.nixos, proxy: { ...proxy, forge } } }, 'cc-ci', 'key');
  expect(of(true).ssh.hosts[0]).toMatchObject({ proxy: true });
  expect(of(false).ssh.hosts[0]).toMatchObject({ proxy: false });
  expect(of(true).proxy).toEqual({
    name: 'cc-ci-tailscaled',
    port: 1055,
    authKeyFile: '/key',
    loginServer: null,
    openToTailnet: false,
  });
});

test('a proxy’s address of IPv6 is in brackets', () => {
  expect(socksAddress({ host: '127.0.0.1', port: 1055 })).toBe('127.0.0.1:1055');
  expect(socksAddress({ host: '::1', port: 1055 })).toBe('[::1]:1055');
});
