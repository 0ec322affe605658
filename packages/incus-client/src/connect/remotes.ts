import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { IncusConnectionError, IncusError } from '../errors.ts';
import type { IncusClient } from '../client.ts';
import { type ConnectOptions, type Passphrase, connectIncus } from './connect-incus.ts';
import { oidcRefusal } from './oidc-refusal.ts';
import { type Remote, readRemotes, variable } from './remote-config.ts';

/** How a remote is connected to. */
export interface RemoteOptions {
  /** Where the command's configuration is; default: where the command looks for it. */
  readonly folder?: string | undefined;
  /** Instead of `INCUS_PROJECT` and the remote's own. */
  readonly project?: string | undefined;
  /** Of an encrypted client key. */
  readonly passphrase?: Passphrase | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to a remote as the `incus` command does: with its addresses, project, the user's certificate (the remote's own
 * in `clientcerts`, where there is one) and the server's certificate that was accepted when the remote was added. Without a
 * name: `INCUS_REMOTE`, or the default remote. Of a public remote only the images can be read.
 *
 * @example
 * await using incus = await connectRemote('b1');
 * const instances = await incus.instances.list();
 */
export async function connectRemote(name?: string, options: RemoteOptions = {}): Promise<IncusClient> {
  const { folder, defaultRemote, remotes } = await readRemotes(options.folder);
  const wanted = name === undefined || name === '' ? defaultRemote : name;
  const remote = remotes.find((candidate) => candidate.name === wanted);
  if (remote === undefined)
    throw new IncusError(
      'CONFIG_INVALID',
      `${join(folder, 'config.yml')} has no remote ${wanted}; it has ${remotes.map((known) => known.name).join(', ')}`,
    );
  if (remote.protocol !== 'incus')
    throw new IncusError(
      'CONFIG_INVALID',
      `the remote ${remote.name} is a ${remote.protocol} server: it has images and nothing else`,
    );
  if (remote.authentication === 'oidc' && !remote.public) throw oidcRefusal(`the remote ${remote.name}`);
  return connectToOneOf(remote, await optionsFor(remote, folder, options));
}

type ForAddress = (address: string) => ConnectOptions;

async function connectToOneOf(remote: Remote, optionsAt: ForAddress): Promise<IncusClient> {
  let failure: unknown;
  for (const address of remote.addresses) {
    try {
      return await connectIncus(optionsAt(address));
    } catch (error) {
      // Only an address that leads nowhere may be passed over.
      if (!(error instanceof IncusConnectionError) || error.code !== 'CONNECTION_FAILED') throw error;
      failure ??= error;
    }
  }
  throw failure;
}

async function optionsFor(
  remote: Remote,
  folder: string,
  { project, passphrase, signal }: RemoteOptions,
): Promise<ForAddress> {
  const chosen = project === '' ? undefined : project;
  const common = { project: chosen ?? variable(process.env, 'INCUS_PROJECT') ?? remote.project, signal };
  const [own, shared, serverCert] = await Promise.all([
    identityIn(join(folder, 'clientcerts', remote.name)),
    identityIn(join(folder, 'client')),
    read(join(remote.folder, 'servercerts', `${remote.name}.crt`)),
  ]);
  const { ca = shared.ca, ...mine } = own.cert === undefined ? shared : own;
  const identity = remote.public ? { public: true } : { ...mine, passphrase };
  return (address) => {
    if (address.startsWith('unix:')) {
      const socketPath = address.replace(/^unix:(\/\/)?/, '');
      return { socketPath: socketPath === '' ? undefined : socketPath, ...common };
    }
    return { url: address, ca, serverCert, ...identity, ...common };
  };
}

interface Identity {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}

/** Half of a certificate and its key is none, as for the command. */
async function identityIn(path: string): Promise<Identity> {
  const [cert, key, ca] = await Promise.all(
    ['.crt', '.key', '.ca'].map((suffix) => read(`${path}${suffix}`)),
  );
  return cert === undefined || key === undefined ? { ca } : { cert, key, ca };
}

function read(path: string): Promise<string | undefined> {
  return unlessAbsent(readFile(path, 'utf8'));
}
