import { homedir } from 'node:os';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import { IncusError } from '../errors.ts';

/** A remote of the `incus` command. */
export interface Remote {
  readonly name: string;
  /** `https://host:port` or `unix:…`; the first of {@link addresses}. */
  readonly address: string;
  /** In the order in which they are tried: the one that worked last, then the others. */
  readonly addresses: readonly string[];
  /** `incus` is a server; the others only have images. */
  readonly protocol: 'incus' | 'simplestreams' | 'oci';
  readonly authentication: 'tls' | 'oidc' | 'none';
  readonly project: string | undefined;
  /** Its public images are all that there is. */
  readonly public: boolean;
  /** The folder that the certificate accepted for it is in. */
  readonly folder: string;
}

/** The remotes of the `incus` command's user. */
export interface Remotes {
  readonly folder: string;
  readonly defaultRemote: string;
  readonly remotes: readonly Remote[];
}

/** An empty variable is one that is not set, as for the command. */
export function variable(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}

/** `INCUS_CONF`, or `incus` in `XDG_CONFIG_HOME`, by default ~/.config. */
export function configFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const home = variable(env, 'XDG_CONFIG_HOME') ?? join(homedir(), '.config');
  return variable(env, 'INCUS_CONF') ?? join(home, 'incus');
}

function globalFolder(env: Readonly<Record<string, string | undefined>>): string {
  return variable(env, 'INCUS_GLOBAL_CONF') ?? '/etc/incus';
}

/**
 * Reads `config.yml`, and the one for all users in `INCUS_GLOBAL_CONF` or /etc/incus, whose remotes come after one's own. Where
 * there is none there are `local` and `images`, as for the command.
 *
 * @throws {IncusError} `CONFIG_INVALID`, with every mistake that is in a file.
 */
export async function readRemotes(
  folder: string = configFolder(),
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Remotes> {
  const global = globalFolder(env);
  const [own, shared] = await Promise.all([readFolder(folder), readFolder(global)]);
  const named = [...(own?.remotes ?? [images(folder)]), ...(shared?.remotes ?? [])].filter(
    ({ name }, index, all) => all.findIndex((other) => other.name === name) === index,
  );
  // The command knows one `local` only; of one in the file it takes the project.
  const project = named.find(({ name }) => name === 'local')?.project;
  return {
    folder,
    defaultRemote: variable(env, 'INCUS_REMOTE') ?? own?.defaultRemote ?? 'local',
    remotes: [local(folder, project), ...named.filter(({ name }) => name !== 'local')],
  };
}

function local(folder: string, project: string | undefined): Remote {
  return { ...remote('local', ['unix://'], folder), project };
}

function images(folder: string): Remote {
  return {
    ...remote('images', ['https://images.linuxcontainers.org'], folder),
    protocol: 'simplestreams',
    public: true,
  };
}

function remote(name: string, addresses: readonly string[], folder: string): Remote {
  return {
    name,
    address: addresses[0] ?? '',
    addresses,
    protocol: 'incus',
    authentication: 'tls',
    project: undefined,
    public: false,
    folder,
  };
}

interface Read {
  readonly defaultRemote: string | undefined;
  readonly remotes: readonly Remote[];
}

async function readFolder(folder: string): Promise<Read | undefined> {
  const file = join(folder, 'config.yml');
  const text = await unlessAbsent(readFile(file, 'utf8'));
  if (text === undefined) return undefined;
  const { LineCounter, isNode, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const mistakes = document.errors.map(({ pos, message }) => ({
    offset: pos[0],
    text: message.split('\n')[0] ?? '',
  }));
  const wrong = (path: readonly string[], right: string) => {
    const node: unknown = document.getIn(path, true);
    mistakes.push({
      offset: (isNode(node) ? node.range?.[0] : undefined) ?? 0,
      text: `${path.join('.')} should be ${right}`,
    });
  };
  const read = mistakes.length > 0 ? undefined : configOf(document.toJS(), folder, wrong);
  if (read !== undefined && mistakes.length === 0) return read;
  const told = mistakes.map(({ offset, text: what }) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}: ${what}`;
  });
  throw new IncusError('CONFIG_INVALID', told.join('\n'));
}

type Wrong = (path: readonly string[], right: string) => void;

function configOf(config: unknown, folder: string, wrong: Wrong): Read {
  const fields = fieldsOf(config ?? {}, [], wrong);
  const entries = Object.entries(fieldsOf(fields['remotes'] ?? {}, ['remotes'], wrong));
  return {
    defaultRemote: textIn(fields, [], 'default-remote', wrong),
    remotes: entries.map(([name, value]) => remoteOf(name, value, folder, wrong)),
  };
}

function remoteOf(name: string, value: unknown, folder: string, wrong: Wrong): Remote {
  const at = ['remotes', name];
  const entry = fieldsOf(value, at, wrong);
  const text = (key: string) => textIn(entry, at, key, wrong);
  const oneOf = <Word extends string>(key: string, words: readonly Word[], otherwise: Word): Word => {
    const given = text(key);
    const found = words.find((word) => word === given);
    if (given !== undefined && found === undefined) wrong([...at, key], `one of ${words.join(', ')}`);
    return found ?? otherwise;
  };
  const isPublic = entry['public'] ?? false;
  if (typeof isPublic !== 'boolean') wrong([...at, 'public'], 'true or false');
  const listed = (text('addr') ?? '').split(',').map((address) => address.trim());
  const last = text('last_working_address');
  const addresses = [...new Set([...(last !== undefined && listed.includes(last) ? [last] : []), ...listed])];
  if (listed.includes('')) wrong([...at, 'addr'], 'an address, or several with commas between them');
  return {
    ...remote(name, addresses, folder),
    protocol: oneOf('protocol', ['incus', 'simplestreams', 'oci'], 'incus'),
    authentication: oneOf('auth_type', ['tls', 'oidc', 'none'], 'tls'),
    project: text('project'),
    public: isPublic === true,
  };
}

function fieldsOf(value: unknown, path: readonly string[], wrong: Wrong): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  wrong(path, 'a map of names and values');
  return {};
}

/** An empty text is as good as none. */
function textIn(
  fields: Readonly<Record<string, unknown>>,
  path: readonly string[],
  key: string,
  wrong: Wrong,
): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  wrong([...path, key], `text; put quotes around ${JSON.stringify(value)}`);
  return undefined;
}
