import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Host, localHost } from '@cutover/host';
import { type Daemon, startDaemon } from './daemon.ts';
import type { TailnetPrograms } from './programs.ts';

export interface NodeOptions {
  /** What it has on disk; made when it is absent. The node is the same again in the same folder. */
  readonly folder: string;
  /** PEM of the authority to trust. Default: those of this machine only. */
  readonly authority?: string | undefined;
  /** A SOCKS proxy on this port of the loopback address. */
  readonly socksPort?: number | undefined;
}

/** A tailscaled of this machine, in user space: it changes nothing of the machine's network. */
export interface Node extends AsyncDisposable {
  readonly socket: string;
  /** This machine, with `tailscale` on its PATH. */
  readonly host: Host;
  /** Ends it as a crash would. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts one; it joins nothing by itself. */
export async function startNode(
  programs: TailnetPrograms,
  { folder, authority, socksPort }: NodeOptions,
): Promise<Node> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const socket = join(folder, 'tailscaled.sock');
  const argv = [
    join(programs.tailscale, 'tailscaled'),
    `--statedir=${folder}`,
    `--socket=${socket}`,
    '--tun=userspace-networking',
    '--no-logs-no-support',
    '--port=0',
    ...(socksPort === undefined ? [] : [`--socks5-server=127.0.0.1:${socksPort}`]),
  ];
  const start = (): Promise<Daemon> =>
    startDaemon(argv, {
      log: join(folder, 'tailscaled.log'),
      ...(authority === undefined ? {} : { env: { SSL_CERT_FILE: authority } }),
      ready: () =>
        access(socket).then(
          () => true,
          () => false,
        ),
    });
  let daemon = await start();
  const host = withTailscale(localHost(), programs);
  return {
    socket,
    host,
    stop: () => daemon.kill(),
    async start() {
      daemon = await start();
    },
    async [Symbol.asyncDispose]() {
      await daemon.kill();
      await host[Symbol.asyncDispose]();
    },
  };
}

/** A host of this machine whose commands find `tailscale`. */
export function withTailscale(host: Host, { tailscale }: TailnetPrograms): Host {
  const env = { PATH: `${tailscale}:${process.env['PATH'] ?? ''}` };
  return {
    name: host.name,
    run: (argv, options) => host.run(argv, { ...options, env: { ...env, ...options?.env } }),
    stream: (argv, options) => host.stream(argv, { ...options, env: { ...env, ...options?.env } }),
    readFile: (path, options) => host.readFile(path, options),
    writeFile: (path, data, options) => host.writeFile(path, data, options),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}
