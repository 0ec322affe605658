import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { HostConnectionError, HostOptionError } from '@cutover/host-contract';
import type { AnyAuthMethod, ParsedKey } from 'ssh2';

import { agentKeys } from './agent-keys.ts';
import { readPrivateKey } from './private-key.ts';
import { bestSignature, otherSignatures } from './rsa-signatures.ts';
import type { ResolvedOptions } from './ssh-config.ts';

/** The keys that OpenSSH tries by itself, of the types that can be used here. */
const defaultKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * What to log in with, in the order to try: the keys that are named, so that no number of keys of an agent uses up the
 * server's patience before, then the agent, then answers to the server's questions. Without any of these, the default
 * keys of `~/.ssh` and the agent of `SSH_AUTH_SOCK`.
 *
 * @throws {HostOptionError} there is nothing to log in with.
 * @throws {HostConnectionError} a private key cannot be read.
 */
export async function authentication(
  name: string,
  options: ResolvedOptions,
): Promise<readonly AnyAuthMethod[]> {
  const { user: username, answer, onlyKeys } = options;
  const keys = [
    ...(await namedKeys(name, options)),
    ...(await usableKeys(name, candidates(options), options)),
  ];
  const agent =
    isNamed(options) || options.candidateKeys !== undefined ? options.agent : process.env['SSH_AUTH_SOCK'];
  // A server counts what it refuses: each key has its turn before any has a second one.
  const offers = [...keys.map(bestSignature), ...keys.flatMap(otherSignatures)];
  const methods: AnyAuthMethod[] = offers.map((key) => ({
    type: 'publickey',
    username,
    // A key that has been parsed is taken as it is, which ssh2's types do not say.
    key: key as unknown as Buffer,
  }));
  if (agent !== undefined && agent !== '') {
    methods.push({ type: 'agent', username, agent: await agentKeys(agent, onlyKeys) });
  }
  if (answer !== undefined) {
    methods.push({
      type: 'keyboard-interactive',
      username,
      prompt: (_title, instructions, _language, prompts, finish) => {
        const questions = prompts.map(({ prompt, echo = false }) => ({ prompt, echo }));
        void Promise.resolve(answer(questions, instructions)).then(finish, () => finish([]));
      },
    });
  }
  if (methods.length > 0) return methods;
  const what = `there is nothing to log in with: give a key, start an agent, or make one of ~/.ssh/${defaultKeys.join(', ')}`;
  throw new HostOptionError(name, 'privateKeyFile', what);
}

/** The files of the keys that are tried. */
export function keyFiles(options: ResolvedOptions): readonly string[] {
  return [...[options.privateKeyFile ?? []].flat(), ...candidates(options)];
}

/** Whether it is said what to log in with. */
function isNamed({ privateKey, privateKeyFile, agent, answer }: ResolvedOptions): boolean {
  return [privateKey, privateKeyFile, agent, answer].some((way) => way !== undefined);
}

/** Key files that are passed over where they are missing. */
function candidates(options: ResolvedOptions): readonly string[] {
  if (options.candidateKeys !== undefined) return options.candidateKeys;
  return isNamed(options) ? [] : defaultKeys.map((file) => join(homedir(), '.ssh', file));
}

async function namedKeys(
  name: string,
  { privateKey, privateKeyFile = [], passphrase }: ResolvedOptions,
): Promise<readonly ParsedKey[]> {
  const files = [privateKeyFile].flat();
  const keys = await Promise.all([
    ...(privateKey === undefined
      ? []
      : [readPrivateKey(name, 'privateKey', Buffer.from(privateKey), passphrase)]),
    ...files.map(async (file) => await readPrivateKey(name, file, await contentOf(name, file), passphrase)),
  ]);
  return keys.filter((key) => key !== undefined);
}

/** Those that are missing are passed over, and so are those that cannot be used as they are: the agent may have them. */
async function usableKeys(
  name: string,
  files: readonly string[],
  { passphrase = () => undefined }: ResolvedOptions,
): Promise<readonly ParsedKey[]> {
  const keys = await Promise.all(
    files.map(async (file) => {
      const data = await readFile(file).catch(() => undefined);
      return data && (await readPrivateKey(name, file, data, passphrase).catch(() => undefined));
    }),
  );
  return keys.filter((key) => key !== undefined);
}

async function contentOf(name: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const what = `the private key ${file} cannot be read (${why})`;
    throw new HostConnectionError('AUTHENTICATION_FAILED', name, what, { cause: error });
  }
}
