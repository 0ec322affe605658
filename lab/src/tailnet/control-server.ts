import { mkdir, writeFile } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { localHost } from '@cutover/host';
import { stringify } from 'yaml';
import { type ServerCertificate, serverCertificate } from './certificates.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import type { TailnetPrograms } from './programs.ts';

/** A node, as the control server has it. */
export interface ControlNode {
  readonly id: string;
  /** The name it asked for. */
  readonly asked: string;
  /** The first label of its name in the tailnet. */
  readonly name: string;
  readonly online: boolean;
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
}

export interface MintOptions {
  /** Default `['tag:rig']`. */
  readonly tags?: readonly string[];
  /** Default false. */
  readonly reusable?: boolean;
  readonly ephemeral?: boolean;
  /** Seconds until it expires. Default 3600. */
  readonly seconds?: number;
}

export interface AuthKey {
  readonly id: string;
  readonly key: string;
}

/** A key, as the control server has it. */
export interface KeyRecord {
  readonly id: string;
  /** Its beginning, which no other key has, e.g. `hskey-auth-abcdefghijkl-`. */
  readonly beginning: string;
  readonly reusable: boolean;
  readonly used: boolean;
  readonly tags: readonly string[];
}

/** headscale with its relay, behind a certificate of a private authority. */
export interface ControlServer extends AsyncDisposable {
  readonly url: string;
  /** Its authority's certificate, as a file. */
  readonly authority: string;
  /** A token for its API. */
  readonly token: string;
  /** The suffix of each node's name. */
  readonly domain: string;
  mint(options?: MintOptions): Promise<AuthKey>;
  expire(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Its keys; of each only the beginning is shown. */
  keys(): Promise<readonly KeyRecord[]>;
  nodes(): Promise<readonly ControlNode[]>;
  removeNode(id: string): Promise<void>;
  /** Ends it as a crash would; its state stays. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const domain = 'tailnet.internal';

/**
 * Starts a control server that listens on `address` of this machine.
 *
 * @param folder what it has on disk; made when it is absent.
 */
export async function startControlServer(
  programs: TailnetPrograms,
  folder: string,
  address: string,
): Promise<ControlServer> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const [certificate, port, stun] = await Promise.all([
    serverCertificate(folder, address),
    freePort(address),
    freeUdpPort(address),
  ]);
  const url = `https://${address}:${port}`;
  const config = join(folder, 'headscale.yaml');
  await Promise.all([
    writeFile(config, stringify(settings(folder, url, stun, certificate))),
    writeFile(join(folder, 'policy.hujson'), JSON.stringify(policy)),
  ]);
  const authority = await readFile(certificate.authority, 'utf8');
  const start = (): Promise<Daemon> =>
    startDaemon([programs.headscale, 'serve', '--config', config], {
      log: join(folder, 'headscale.log'),
      ready: () => healthy(url, authority),
    });
  let daemon = await start();

  const headscale = async (...argv: readonly string[]): Promise<string> => {
    await using machine = localHost();
    return (await machine.run([programs.headscale, ...argv, '--config', config, '--output', 'json'])).stdout;
  };
  try {
    await headscale('users', 'create', 'lab');
    const token = JSON.parse(await headscale('apikeys', 'create')) as string;
    const api = async (method: string, path: string, body?: object): Promise<unknown> => {
      const answer = await call(`${url}/api/v1/${path}`, authority, { method, token, body });
      if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
      return JSON.parse(answer.text);
    };
    return {
      url,
      authority: certificate.authority,
      token,
      domain,
      async mint({ tags = ['tag:rig'], reusable = false, ephemeral = false, seconds = 3600 } = {}) {
        const expiration = new Date(Date.now() + seconds * 1000).toISOString();
        const asked = { user: '1', reusable, ephemeral, expiration, aclTags: tags };
        const { preAuthKey } = (await api('POST', 'preauthkey', asked)) as { preAuthKey: AuthKey };
        return { id: preAuthKey.id, key: preAuthKey.key };
      },
      async expire(id) {
        await api('POST', 'preauthkey/expire', { id });
      },
      async remove(id) {
        await api('DELETE', `preauthkey?id=${id}`);
      },
      async keys() {
        const { preAuthKeys } = (await api('GET', 'preauthkey')) as {
          preAuthKeys: readonly HeadscaleKey[];
        };
        return preAuthKeys.map(({ id, key, reusable = false, used = false, aclTags = [] }) => ({
          id,
          beginning: key.replace(/\*+$/, ''),
          reusable,
          used,
          tags: aclTags,
        }));
      },
      async nodes() {
        const { nodes } = (await api('GET', 'node')) as { nodes: readonly HeadscaleNode[] };
        return nodes.map(({ id, name, givenName, online = false, ipAddresses = [], tags = [] }) => ({
          id,
          asked: name,
          name: givenName,
          online,
          addresses: ipAddresses,
          tags,
        }));
      },
      async removeNode(id) {
        await api('DELETE', `node/${id}`);
      },
      stop: () => daemon.kill(),
      async start() {
        daemon = await start();
      },
      [Symbol.asyncDispose]: () => daemon.kill(),
    };
  } catch (error) {
    await daemon.kill();
    throw error;
  }
}

interface HeadscaleNode {
  readonly id: string;
  readonly name: string;
  readonly givenName: string;
  readonly online?: boolean;
  readonly ipAddresses?: readonly string[];
  readonly tags?: readonly string[];
}

interface HeadscaleKey {
  readonly id: string;
  readonly key: string;
  readonly reusable?: boolean;
  readonly used?: boolean;
  readonly aclTags?: readonly string[];
}

/** `tag:probe` has no owner, so no key may ask for it. */
const policy = {
  tagOwners: { 'tag:rig': ['lab@'] },
  acls: [{ action: 'accept', src: ['*'], dst: ['*:*'] }],
};

function settings(folder: string, url: string, stun: number, tls: ServerCertificate): object {
  const { host, hostname } = new URL(url);
  return {
    server_url: url,
    listen_addr: host,
    metrics_listen_addr: '127.0.0.1:0',
    grpc_listen_addr: '127.0.0.1:0',
    noise: { private_key_path: join(folder, 'noise.key') },
    prefixes: { v4: '100.64.0.0/10', v6: 'fd7a:115c:a1e0::/48', allocation: 'sequential' },
    derp: {
      urls: [],
      paths: [],
      auto_update_enabled: false,
      server: {
        enabled: true,
        region_id: 999,
        region_code: 'lab',
        region_name: 'Lab',
        verify_clients: true,
        stun_listen_addr: `${hostname}:${stun}`,
        private_key_path: join(folder, 'derp.key'),
        automatically_add_embedded_derp_region: true,
        ipv4: hostname,
      },
    },
    disable_check_updates: true,
    database: { type: 'sqlite', sqlite: { path: join(folder, 'db.sqlite') } },
    tls_cert_path: tls.certificate,
    tls_key_path: tls.key,
    policy: { mode: 'file', path: join(folder, 'policy.hujson') },
    dns: { magic_dns: true, base_domain: domain, override_local_dns: false, nameservers: { global: [] } },
    unix_socket: join(folder, 'headscale.sock'),
    unix_socket_permission: '0700',
    logtail: { enabled: false },
  };
}

async function healthy(url: string, authority: string): Promise<boolean> {
  try {
    return (await call(`${url}/health`, authority, { method: 'GET' })).status === 200;
  } catch {
    // It does not listen yet.
    return false;
  }
}

interface Call {
  readonly method: string;
  readonly token?: string;
  readonly body?: object | undefined;
}

/** One call of its API; Node's fetch cannot be told of a private authority. */
async function call(
  url: string,
  authority: string,
  { method, token, body }: Call,
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const asked = request(url, {
    method,
    ca: authority,
    agent: false,
    timeout: 10_000,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  asked.on('timeout', () => asked.destroy(new Error(`${url} did not answer within 10 s`)));
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [reply] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  reply.setEncoding('utf8');
  let text = '';
  for await (const part of reply) text += part as string;
  return { status: reply.statusCode, text };
}

export async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function freeUdpPort(address: string): Promise<number> {
  const socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
