import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseRigConfig } from '../../src/config/load-rig-config.ts';
import { renderUnits } from '../../src/units/render-units.ts';

const script = new URL('../../src/ownership/enforce/arm-lease.sh', import.meta.url);
const nixModule = new URL('../../nixos/loops.nix', import.meta.url);

it('arms the lease by the same script on NixOS and in the rendered units', async () => {
  const [, ...lines] = (await readFile(script, 'utf8')).split('\n');
  const inNix = /toFile "arm-lease.sh" ''\n([\s\S]*?)\n {2}'';/.exec(await readFile(nixModule, 'utf8'))?.[1];
  expect(inNix?.replaceAll(/^ {4}/gm, '')).toBe(lines.join('\n').trimEnd());
});

it('gives units for the lease to a rig with an ownership, and to no other', () => {
  const file = { rig: 'demo', workspace: '/srv/demo', loops: { one: { command: ['true'] } } };
  const ownership = { remote: '/srv/remote.git', owner: 'vm' };
  const render = (more: object) =>
    renderUnits(parseRigConfig(JSON.stringify({ ...file, ...more }), '/srv/demo/loops.yaml'), {
      user: 'loops',
      node: '/usr/bin/node',
      bundle: '/opt/loops.bundle.cjs',
    });
  expect(render({}).map(({ name }) => name)).toEqual(['loops-tmux-demo.service', 'loops-demo.service']);
  const units = new Map(render({ ownership }).map(({ name, content }) => [name, content]));
  expect([...units.keys()]).toEqual([
    'loops-lease-demo.socket',
    'loops-lease-demo@.service',
    'loops-tmux-demo.service',
    'loops-demo.service',
  ]);
  expect(units.get('loops-demo.service')).toContain('LOOPS_LEASE_SOCKET=/run/loops-lease-demo.sock');
  const exec = /^ExecStart=.*$/m.exec(units.get('loops-lease-demo@.service') ?? '')?.[0];
  expect(exec).toMatch(/arm-lease demo loops-tmux-demo\.service$/);
});
