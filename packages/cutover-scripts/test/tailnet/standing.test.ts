import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { CutoverSettings } from '../../src/config/schema.ts';
import { tailnetMode, tailnetStanding } from '../../src/tailnet/standing.ts';
import { tailnetWorld } from './tailnet-world.ts';

const example = new URL('../../../../examples/cutover/cutover.yaml', import.meta.url).pathname;

async function withProxy(): Promise<CutoverSettings> {
  const settings = await loadConfig(example);
  const proxy = { name: 'cc-ci-proxy', port: 1055, authKeyFile: '/key', openToTailnet: false, forge: false };
  return { ...settings, nixos: { ...settings.nixos, proxy } };
}

test('the daemon that the configuration declares is asked', async () => {
  await using world = await tailnetWorld({ node: 'joined', name: 'cc-ci-orchestrator' });
  const settings = await withProxy();
  expect(tailnetMode(settings)).toBe('proxy');
  const { node, problem } = await tailnetStanding(settings, world.host, {});
  expect([node.state, problem]).toEqual(['joined', undefined]);
  expect(await world.read('sockets')).toBe('--socket=/run/cc-ci-proxy/tailscaled.sock\n');
});

test('a node that its control server does not see yet is waited for, and no longer than may be', async () => {
  await using world = await tailnetWorld({ node: 'joined', name: 'cc-ci-orchestrator', control: 'down' });
  const settings = await withProxy();
  const waiting = tailnetStanding(settings, world.host, { patience: 20_000 });
  await world.write('control', 'up');
  expect(await waiting).toMatchObject({ node: { state: 'joined' } });
  await world.write('control', 'down');
  expect(await tailnetStanding(settings, world.host, { patience: 1 })).toMatchObject({
    problem: { problem: 'control' },
  });
});
