import { mkdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { joinTailnet } from '@cutover/cutover-scripts/tailnet';
import type { Host } from '@cutover/host';
import type { Device, IncusScope } from '@cutover/incus-client';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import { type ControlServer, freePort, startControlServer } from './control-server.ts';
import { type Node, startNode } from './node.ts';
import type { TailnetPrograms } from './programs.ts';

/** The tailnet of a rehearsal, in the shape that the plan has: who is in it, and in which mode. */
export interface LabTailnet extends AsyncDisposable {
  /** What its control server and its nodes on this machine have on disk. */
  readonly folder: string;
  readonly control: ControlServer;
  /** The token of its API, as a file. */
  readonly tokenFile: string;
  /** The SOCKS proxy of the machine that the runbook runs on, which is a node in user space. */
  readonly runner: { readonly host: string; readonly port: number };
  /** That node itself. */
  readonly runnerNode: Pick<Node, 'start' | 'stop'>;
  /** The Incus server's address in the tailnet. */
  readonly incusUrl: string;
  /** The profile that gives an instance what an image with tailscale has. */
  readonly profile: string;
  /** More cloud-config of such an instance. */
  readonly cloudConfig: object;
}

const profile = 'tailnet';
/** tailscaled's own, from before the first deploy, as an image with `services.tailscale` has it. */
const imageUnit = '/usr/lib/systemd/system/tailscaled.service';
const trusted = '/etc/ssl/certs/ca-certificates.crt';

const unit = (description: string, argv: string, more = ''): string => `[Unit]
Description=${description}
After=network-online.target

[Service]
Type=notify
ExecStart=/usr/local/bin/tailscaled --no-logs-no-support ${argv}
Restart=always
${more}
[Install]
WantedBy=multi-user.target
`;

/** With a tunnel device: a direct peer. */
const kernelUnit = unit(
  'Tailscale node agent',
  '--state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock',
  'RuntimeDirectory=tailscale\nStateDirectory=tailscale\nStateDirectoryMode=0700\n',
);

/** That of the plan's old host: in user space, with the SOCKS proxy that the old rig goes through. */
const proxyUnit = unit(
  'SOCKS proxy on :1055',
  '--tun=userspace-networking --socks5-server=127.0.0.1:1055 --statedir=/var/lib/cc-ci-tailscaled --socket=/run/cc-ci-tailscaled/tailscaled.sock',
  'RuntimeDirectory=cc-ci-tailscaled\nStateDirectory=cc-ci-tailscaled\nStateDirectoryMode=0700\n',
);

/**
 * Starts a control server with its relay on the lab's bridge, and brings into its tailnet: the old host (in user space, with
 * the SOCKS proxy), the looked-after server (a direct peer), the Incus server and the machine that the runbook runs on (both in
 * user space). The new host is left to the runbook.
 */
export async function startLabTailnet(
  lab: Lab,
  hosts: LabHosts,
  programs: TailnetPrograms,
): Promise<LabTailnet> {
  const folder = join(lab.folders.root, 'tailnet');
  await rm(folder, { recursive: true, force: true });
  const started: AsyncDisposable[] = [];
  const use = <T extends AsyncDisposable>(one: T): T => {
    started.unshift(one);
    return one;
  };
  const end = async (): Promise<void> => {
    for (const one of started) await one[Symbol.asyncDispose]();
  };
  try {
    return { ...(await bringUp(lab, hosts, programs, folder, use)), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function bringUp(
  lab: Lab,
  { pi, ccci }: LabHosts,
  programs: TailnetPrograms,
  folder: string,
  use: <T extends AsyncDisposable>(one: T) => T,
): Promise<Omit<LabTailnet, keyof AsyncDisposable>> {
  const gateway = lab.subnet.replace(/\.0\/24$/, '.1');
  const control = use(await startControlServer(programs, join(folder, 'control'), gateway));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, control.token, { mode: 0o600 });
  const node = async (name: string, socksPort?: number): Promise<Node> => {
    const { authority } = control;
    const own = use(await startNode(programs, { folder: join(folder, name), authority, socksPort }));
    await joinAs(control, name, own.host, own.socket);
    return own;
  };
  const devices = await imageDevices(programs, join(folder, 'image'), control.authority);
  const relay = use(await relayTo(new URL(lab.url)));
  const socksPort = await freePort('127.0.0.1');
  const [runnerNode] = await Promise.all([
    node('runner', socksPort),
    node('b1'),
    makeProfile(lab.client.project(lab.project), devices),
    addDevices(lab.client, pi.name, devices).then(() => joinPi(control, pi.host, ccci.hostKey)),
    addDevices(lab.client, ccci.name, devices).then(() => joinDirectly(control, ccci)),
  ]);
  return {
    folder,
    control,
    tokenFile,
    runner: { host: '127.0.0.1', port: socksPort },
    runnerNode,
    incusUrl: `https://b1:${relay.port}`,
    profile,
    cloudConfig: { runcmd: [['systemctl', 'start', 'tailscaled.service']] },
  };
}

/** What an image with tailscale has, as devices: the programs, the unit, the authority that it trusts, and a tunnel device. */
export async function imageDevices(
  programs: TailnetPrograms,
  folder: string,
  authority: string,
): Promise<Record<string, Device>> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const unitFile = join(folder, 'tailscaled.service');
  await writeFile(unitFile, kernelUnit);
  const file = (source: string, path: string): Device => ({ type: 'disk', source, path, readonly: 'true' });
  return {
    tailscaled: file(join(programs.tailscale, 'tailscaled'), '/usr/local/bin/tailscaled'),
    tailscale: file(join(programs.tailscale, 'tailscaled'), '/usr/local/bin/tailscale'),
    'tailscaled-unit': file(unitFile, imageUnit),
    'tailnet-authority': file(authority, trusted),
    tun: { type: 'unix-char', path: '/dev/net/tun', mode: '0666' },
  };
}

async function makeProfile(scope: IncusScope, devices: Record<string, Device>): Promise<void> {
  const settings = { config: {}, devices };
  const there = (await scope.profiles.list()).some(({ name }) => name === profile);
  if (there) await scope.profiles.update(profile, settings);
  else await scope.profiles.create({ name: profile, ...settings });
}

/** They go with the next snapshot that is restored. */
async function addDevices(scope: IncusScope, name: string, devices: Record<string, Device>): Promise<void> {
  await scope.instances.patch(name, { devices });
}

/** The old rig goes to the looked-after server through its proxy, as the plan has it. */
async function joinPi(control: ControlServer, pi: Host, serverKey: string): Promise<void> {
  await pi.run(['systemctl', 'stop', 'cc-ci-tailscaled.service']);
  await pi.writeFile('/etc/systemd/system/cc-ci-tailscaled.service', proxyUnit, { mode: 0o644 });
  await pi.run(['systemctl', 'daemon-reload']);
  await pi.run(['systemctl', 'start', 'cc-ci-tailscaled.service']);
  await joinAs(control, 'pi', pi, '/run/cc-ci-tailscaled/tailscaled.sock');
  const config = [
    'Host cc-ci ccci',
    '  HostName ccci',
    '  User root',
    '  IdentityFile ~/.ssh/cc-ci-root-ed25519',
    '  ProxyCommand nc -X 5 -x 127.0.0.1:1055 %h %p',
    '  ServerAliveInterval 5',
    '  ServerAliveCountMax 2',
    '',
  ].join('\n');
  const key = serverKey.split(' ').slice(0, 2).join(' ');
  await pi.run(['tee', '-a', '/home/loops/.ssh/known_hosts'], { input: `ccci ${key}\n` });
  await pi.writeFile('/home/loops/.ssh/config', config, { mode: 0o600, owner: 'loops', group: 'loops' });
}

async function joinDirectly(control: ControlServer, { name, host }: LabHosts['ccci']): Promise<void> {
  await host.run(['systemctl', 'daemon-reload']);
  await host.run(['systemctl', 'start', 'tailscaled.service']);
  await joinAs(control, name, host);
}

async function joinAs(control: ControlServer, name: string, host: Host, socket?: string): Promise<void> {
  const { key } = await control.mint();
  await joinTailnet(host, { name, socket, loginServer: control.url, readKey: async () => key });
}

/** A node in user space hands on what comes for it to the loopback address: there the Incus server listens by this. */
async function relayTo({ hostname, port }: URL): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((from) => {
    const to = connect({ host: hostname, port: Number(port) });
    from.pipe(to).pipe(from);
    from.on('error', () => to.destroy());
    to.on('error', () => from.destroy());
    from.on('close', () => to.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It keeps no process alive that has nothing else to do.
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
