import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { IncusError } from '../errors.ts';
import type { IncusClient } from '../client.ts';
import { type ConnectOptions, connectIncus } from './connect-incus.ts';
import { oidcRefusal } from './oidc-refusal.ts';

/** A remote of the `incus` command. */
export interface Remote {
  readonly name: string;
  readonly address: string;
  /** `incus` is a server; the others only have images. */
  readonly protocol: 'incus' | 'simplestreams' | 'oci';
  readonly authentication: 'tls' | 'oidc' | 'none';
  readonly project: string | undefined;
  readonly public: boolean;
}

/** The remotes of the `incus` command's user. */
export interface Remotes {
  readonly folder: string;
  readonly defaultRemote: string;
  readonly remotes: readonly Remote[];
}

const local: Remote = {
  name: 'local',
  address: 'unix://',
  protocol: 'incus',
  authentication: 'tls',
  project: undefined,
  public: false,
};

/** `INCUS_CONF`, or ~/.config/incus. */
export function configFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env['INCUS_CONF'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'incus');
}

/** Reads `config.yml`; where there is none, there is only `local`. */
export async function readRemotes(folder: string = configFolder()): Promise<Remotes> {
  const file = join(folder, 'config.yml');
  const text = await readOptional(file);
  if (text === undefined) return { folder, defaultRemote: 'local', remotes: [local] };
  const { YAMLParseError, parse } = await import('yaml');
  let config: unknown;
  try {
    config = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new IncusError('CONFIG_INVALID', `${file} is not YAML: ${error.message}`, { cause: error });
  }
  const entries = Object.entries(record(record(config)['remotes'])).map(([name, value]) =>
    remoteOf(name, record(value)),
  );
  const remotes = entries.some(({ name }) => name === 'local') ? entries : [local, ...entries];
  return { folder, defaultRemote: stringOf(record(config)['default-remote']) ?? 'local', remotes };
}

/**
 * Connects to a remote as the `incus` command does: with its address, project, the user's certificate and the server's
 * certificate that was accepted when the remote was added. Without a name: `INCUS_REMOTE`, or the default remote.
 */
export async function connectRemote(
  name?: string,
  options: {
    readonly folder?: string | undefined;
    readonly project?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<IncusClient> {
  const { folder, defaultRemote, remotes } = await readRemotes(options.folder);
  const wanted = name ?? process.env['INCUS_REMOTE'] ?? defaultRemote;
  const remote = remotes.find((candidate) => candidate.name === wanted);
  if (remote === undefined)
    throw new IncusError(
      'CONFIG_INVALID',
      `${join(folder, 'config.yml')} has no remote ${wanted}; it has ${remotes.map((known) => known.name).join(', ')}`,
    );
  return connectIncus(await optionsFor(remote, folder, options));
}

async function optionsFor(
  remote: Remote,
  folder: string,
  { project, signal }: { readonly project?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ConnectOptions> {
  const chosen = project ?? process.env['INCUS_PROJECT'] ?? remote.project;
  const common = { project: chosen, signal };
  if (remote.protocol !== 'incus')
    throw new IncusError(
      'CONFIG_INVALID',
      `the remote ${remote.name} is a ${remote.protocol} server: it has images and nothing else`,
    );
  if (remote.authentication === 'oidc') throw oidcRefusal(`the remote ${remote.name}`);
  if (remote.address.startsWith('unix:')) {
    const socketPath = remote.address.replace(/^unix:(\/\/)?/, '');
    return { socketPath: socketPath === '' ? undefined : socketPath, ...common };
  }
  const [cert, key, ca, serverCert] = await Promise.all(
    [
      join(folder, 'client.crt'),
      join(folder, 'client.key'),
      join(folder, 'client.ca'),
      join(folder, 'servercerts', `${remote.name}.crt`),
    ].map(readOptional),
  );
  return {
    url: remote.address,
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ca,
    serverCert,
    ...common,
  };
}

function remoteOf(name: string, entry: Readonly<Record<string, unknown>>): Remote {
  const protocol = stringOf(entry['protocol']) ?? 'incus';
  if (protocol !== 'incus' && protocol !== 'simplestreams' && protocol !== 'oci')
    throw new IncusError('CONFIG_INVALID', `the remote ${name} has the unknown protocol ${protocol}`);
  const authentication = stringOf(entry['auth_type']);
  return {
    name,
    address: stringOf(entry['addr']) ?? '',
    protocol,
    authentication: authentication === 'oidc' || authentication === 'none' ? authentication : 'tls',
    project: stringOf(entry['project']),
    public: entry['public'] === true,
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readOptional(path: string): Promise<string | undefined> {
  return unlessAbsent(readFile(path, 'utf8'));
}
