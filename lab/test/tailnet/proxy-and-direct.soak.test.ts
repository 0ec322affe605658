import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinTailnet, tailnetNode } from '@cutover/cutover-scripts/tailnet';
import { deploy } from '@cutover/nix-deploy';
import { freePort } from '@cutover/test-support/ports';
import { expect, test } from 'vitest';
import { openLab } from '../../src/index.ts';
import { startControlServer } from '../../src/tailnet/control-server.ts';
import { imageDevices } from '../../src/tailnet/lab-tailnet.ts';
import { startNode } from '../../src/tailnet/node.ts';
import { startMachine } from '../nix-deploy/machine.ts';
import { programsOrSkip } from './tailnet.ts';

const programs = await programsOrSkip();
const modules = new URL('../../../packages/cutover-scripts/nixos/modules/', import.meta.url);

test.skipIf(programs === undefined)(
  'a host behind a proxy lets no peer in; made a direct peer by a deploy, it is the same node, and lets them in',
  async () => {
    if (programs === undefined) return;
    await using lab = await openLab();
    await using machine = await startMachine();
    const folder = await mkdtemp(join(tmpdir(), 'proxy-and-direct-'));
    const gateway = lab.subnet.replace(/0\/24$/, '1');
    await using control = await startControlServer(programs, join(folder, 'control'), gateway);
    const devices = await imageDevices(programs, join(folder, 'image'), control.authority);
    await lab.client.instances.patch(machine.name, { devices });

    for (const file of ['proxy.nix', 'tailnet.nix', 'join-tailnet.sh'])
      await machine.host.writeFile(`/srv/flake/${file}`, await readFile(new URL(file, modules)), {
        mode: 0o644,
      });
    const proxy = {
      name: 'own-proxy',
      port: 1055,
      authKeyFile: null,
      openToTailnet: false,
      loginServer: null,
    };
    const settled = async (settings: object): Promise<void> => {
      const written = JSON.stringify(JSON.stringify({ hostName: 'cc-ci', secrets: null, ...settings }));
      await machine.declare(`{ lib, ... }: {
        imports = [ ./proxy.nix ./tailnet.nix ];
        _module.args.settings = builtins.fromJSON ${written};
      }`);
      await deploy(machine.target, { source: machine.source });
    };

    await settled({ proxy, tailnet: false });
    const socket = '/run/own-proxy/tailscaled.sock';
    expect(await machine.sh('journalctl --output=cat --unit=own-proxy-up')).toContain(
      'the runbook brings the auth key',
    );
    const { key } = await control.mint();
    const before = await joinTailnet(machine.host, {
      name: 'cc-ci',
      socket,
      loginServer: control.url,
      settings: ['--shields-up=true'],
      readKey: async () => key,
    });

    const socksPort = await freePort();
    await using peer = await startNode(programs, {
      folder: join(folder, 'peer'),
      authority: control.authority,
      socksPort,
    });
    const { key: peerKey } = await control.mint();
    await joinTailnet(peer.host, {
      name: 'peer',
      socket: peer.socket,
      loginServer: control.url,
      readKey: async () => peerKey,
    });
    /** What a peer hears on a port of the host. */
    const heard = async (port: number): Promise<string> => {
      const through = [
        '--silent',
        '--http0.9',
        '--max-time',
        '10',
        '--socks5-hostname',
        `127.0.0.1:${socksPort}`,
      ];
      const argv = ['curl', ...through, `http://cc-ci:${port}/`];
      return (await peer.host.run(argv, { reject: false })).stdout;
    };
    expect([await heard(22), await heard(1055)]).toEqual(['', '']);

    await settled({ proxy: null, tailnet: true });
    expect(await machine.sh('systemctl is-active tailscaled own-proxy || :')).toBe('active\ninactive');
    await expect
      .poll(() => tailnetNode(machine.host, {}))
      .toMatchObject({ state: 'joined', name: 'cc-ci', addresses: before.addresses });
    expect((await control.nodes()).filter(({ asked }) => asked === 'cc-ci')).toHaveLength(1);
    await expect.poll(() => heard(22)).toMatch(/^SSH-2\.0/);
    await rm(folder, { recursive: true });
  },
  600_000,
);
