import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, posix } from 'node:path';
import { access } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import { localHost } from '@cutover/host';
import { type Answers, type SetupFiles, type SetupSession, UsageError } from '@cutover/runbook';
import { knownKeys } from '../config/pinned-keys.ts';
import { type Address, answerOf, mayLook, parseAddress, workspaceOf } from './answers.ts';
import { forgeAnswer } from './forge-answer.ts';
import { findLoops, isBelow } from './found-rig.ts';
import { openLook, type OldHostLook } from './look.ts';
import { noFacts, type OldRigFacts, type SeenSession } from './old-rig-facts.ts';
import { findStarts } from './old-starts.ts';
import { remoteName, remoteRoot } from './remotes.ts';
import { setupFiles } from './setup-files.ts';

/** One `cutover init`: what was seen of the old host is kept between the questions. */
export function startSession(tell: (text: string) => void): SetupSession {
  const here = localHost();
  let look: OldHostLook | undefined;
  let sessions: readonly SeenSession[] | undefined;
  let facts: { readonly of: string; readonly seen: OldRigFacts } | undefined;

  async function hostKeys(answers: Answers, address: Address, signal: AbortSignal): Promise<string[]> {
    return knownKeys(here, address, answerOf(answers, 'known-hosts'), signal);
  }
  async function old(answers: Answers, signal: AbortSignal): Promise<OldHostLook | undefined> {
    if (!mayLook(answers)) return undefined;
    if (look !== undefined) return look;
    const address = parseAddress(answerOf(answers, 'old-host'));
    const keys = await hostKeys(answers, address, signal);
    if (keys.length === 0)
      throw new UsageError(
        `${answerOf(answers, 'known-hosts')} has no key of ${address.host}, so it is not looked at: log in once with ssh and compare its key, name another --known-hosts, or say --look no`,
      );
    tell(`looking at ${address.host}, which is only read`);
    look = openLook(address, answerOf(answers, 'ssh-key'), keys);
    return look;
  }
  async function seenSessions(answers: Answers, signal: AbortSignal): Promise<readonly SeenSession[]> {
    sessions ??= (await (await old(answers, signal))?.sessions(undefined, signal)) ?? [];
    const user = answerOf(answers, 'old-user');
    return user === '' ? sessions : sessions.filter((seen) => seen.user === user);
  }
  async function seenFacts(answers: Answers, signal: AbortSignal): Promise<OldRigFacts> {
    const [user, workspace] = [answerOf(answers, 'old-user'), workspaceOf(answers)];
    const of = `${user} ${workspace}`;
    if (facts?.of === of) return facts.seen;
    const seen = (await (await old(answers, signal))?.workspace(user, workspace, signal)) ?? noFacts;
    facts = { of, seen };
    return seen;
  }

  const suggestions: Readonly<
    Record<
      string,
      (answers: Answers, signal: AbortSignal) => Promise<string | undefined> | string | undefined
    >
  > = {
    'ssh-key': () =>
      firstThere(['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name))),
    'known-hosts': () => join(homedir(), '.ssh/known_hosts'),
    look: () => 'yes',
    'old-name': (answers) => hostLabel(parseAddress(answerOf(answers, 'old-host')).host),
    'old-user': async (answers, signal) =>
      only((await seenSessions(answers, signal)).map(({ user }) => user)),
    workspace: async (answers, signal) => {
      const seen = await seenSessions(answers, signal);
      return commonFolder(seen.filter(({ argv }) => argv.length > 0).map(({ path }) => path));
    },
    start: async (answers, signal) =>
      findStarts(workspaceOf(answers), await seenFacts(answers, signal)).start.join(' '),
    stop: async (answers, signal) =>
      findStarts(workspaceOf(answers), await seenFacts(answers, signal)).stop.join(' '),
    // A host's name begins with a letter.
    name: (answers) => `${rigName(workspaceOf(answers)).replace(/^[\d-]+/, '') || 'rig'}-host`,
    'incus-project': () => 'default',
    'incus-certificate': () =>
      firstThere([join(homedir(), '.config/incus/client.crt')], './incus/client.crt'),
    'incus-key': () => firstThere([join(homedir(), '.config/incus/client.key')], './incus/client.key'),
    'incus-server-certificate': () => './incus/server.crt',
    forge: async (answers, signal) =>
      only((await seenFacts(answers, signal)).clones.flatMap(({ url }) => remoteRoot(url) ?? [])),
    'forge-key': (answers) => answerOf(answers, 'ssh-key'),
    'forge-token': () => './forge-token',
    repository: (answers) => `${answerOf(answers, 'name')}-nixos`,
    'ownership-repository': async (answers, signal) => {
      const workspace = workspaceOf(answers);
      const seen = await seenFacts(answers, signal);
      const loops = findLoops(rigName(workspace), workspace, await seenSessions(answers, signal), seen);
      const clone = loops.find((loop) => loop.clone !== undefined)?.clone ?? seen.clones[0];
      return clone === undefined ? undefined : remoteName(clone.url);
    },
    'login-check': async (answers, signal) => {
      const workspace = workspaceOf(answers);
      const rig = rigName(workspace);
      const loops = findLoops(rig, workspace, await seenSessions(answers, signal), noFacts);
      return loops.some(({ agent }) => agent === 'claude-code')
        ? `loops login-state --config /etc/loops/${rig}.yaml`
        : undefined;
    },
    'login-hint': (answers) =>
      answerOf(answers, 'login-check').startsWith('loops login-state') ? 'claude auth login' : undefined,
    'instance-type': () => 'virtual-machine',
    pool: () => 'default',
    swap: () => '2GiB',
  };

  return {
    async suggest(flag, answers, signal) {
      if (flag === 'recipient') {
        const { secrets } = await seenFacts(answers, signal);
        return [...new Set(secrets.map(({ recipient }) => recipient).filter((one) => one !== ''))];
      }
      const found = await suggestions[flag]?.(answers, signal);
      return found === undefined || found === '' ? [] : [found];
    },
    async files(answers, signal): Promise<SetupFiles> {
      const workspace = workspaceOf(answers);
      const seen = await seenFacts(answers, signal);
      const [oldHost, forge] = [parseAddress(answerOf(answers, 'old-host')), forgeAnswer(answers).ssh];
      const keys = new Map<string, string[]>();
      for (const { host, port, user } of [oldHost, forge])
        keys.set(`${host}:${port}`, await hostKeys(answers, { host, port, user }, signal));
      const rig = rigName(workspace);
      const loops = findLoops(rig, workspace, await seenSessions(answers, signal), seen);
      const keysOf = ({ host, port }: Address): readonly string[] => keys.get(`${host}:${port}`) ?? [];
      const collected = { answers, facts: seen, rig, loops, hostKeys: keysOf };
      return setupFiles(collected, await old(answers, signal), signal);
    },
    async [Symbol.asyncDispose]() {
      await look?.[Symbol.asyncDispose]();
      await here[Symbol.asyncDispose]();
    },
  };
}

/** The name of the rig: that of its workspace, as names of units are written. */
function rigName(workspace: string): string {
  const name = posix
    .basename(workspace)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'rig' : name;
}

/** A host's name without its domain; an address is none. */
function hostLabel(host: string): string {
  return isIP(host) === 0 ? (host.split('.')[0] ?? '') : '';
}

/** The one that all are; none where they differ. */
function only(all: readonly string[]): string | undefined {
  const [one, ...others] = new Set(all);
  return others.length === 0 ? one : undefined;
}

/** The folder that holds all of them, where it is deep enough to be a rig's own. */
function commonFolder(paths: readonly string[]): string | undefined {
  let [folder] = paths;
  while (folder !== undefined && folder !== '/' && !paths.every((path) => isBelow(path, folder ?? '')))
    folder = posix.dirname(folder);
  return folder === undefined || folder.split('/').length < 3 ? undefined : folder;
}

async function firstThere(files: readonly string[], otherwise?: string): Promise<string | undefined> {
  for (const file of files) {
    const there = await unlessAbsent(access(file).then(() => true));
    if (there === true) return file;
  }
  return otherwise;
}
