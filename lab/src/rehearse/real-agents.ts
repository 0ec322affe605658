import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import { asUser, type Host } from '@cutover/host';
import type { IncusScope } from '@cutover/incus-client';
import { claudeVersions, findClaude } from '@cutover/test-support/claude/claude-binary';
import { checkout } from '../folders.ts';
import type { Lab } from '../lab.ts';
import type { Scene } from './evidence/evidence.ts';

/** Which agents work in a rehearsal: the lab's own small program, or Claude Code. */
export type RehearsedAgent = 'stand-in' | 'claude';

/** Real Claude Code on every host of the lab, and a stand-in of its API that all of them reach. */
export interface RealAgents extends AsyncDisposable {
  readonly version: string;
  /** Its path on each host. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What its API was asked by a session, titles aside. */
  requests(): Promise<SessionRequest[]>;
  /** Waits until a session has sent a line to its API. */
  heard(line: string): Promise<void>;
}

/** A request as the stand-in of the API logged it. */
export interface SessionRequest {
  readonly at: number;
  readonly session: string;
  readonly title: boolean;
  readonly answered: number;
  readonly start: string;
}

/** How long a line may take from a terminal to the API, in milliseconds. */
const patience = 60_000;
const device = 'claude-code';
const mounted = '/opt/claude-code';
/** Where a login of Claude Code lies in a user's home. */
const loginFile = '.claude/.credentials.json';
/** A login as `claude auth login` writes it, made up: in the lab it opens nothing. */
const madeUpLogin = JSON.stringify({
  claudeAiOauth: {
    accessToken: 'sk-ant-oat01-made-up',
    refreshToken: 'sk-ant-ort01-made-up',
    expiresAt: Date.UTC(2100, 0, 1),
    scopes: ['user:inference', 'user:profile'],
    subscriptionType: 'max',
  },
});

/** Takes away what a rehearsal with real agents that was killed has left in the profiles of the lab. */
export async function withoutRealAgents(lab: Lab): Promise<void> {
  await setDevice(lab, undefined);
}

/**
 * Gives every host of the lab the program, read-only, and starts the stand-in of its API on the lab's bridge.
 *
 * @param folder where the stand-in keeps its log.
 * @throws {Error} npm does not give the program; it says why.
 */
export async function startRealAgents(lab: Lab, folder: string): Promise<RealAgents> {
  const [version] = claudeVersions;
  const found = await findClaude(version);
  if ('missing' in found) throw new Error(`--agent claude needs the real program: ${found.missing}`);
  await setDevice(lab, dirname(found.path));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const address = new URL(lab.url).hostname;
  const api = join(checkout(), 'packages/test-support/src/claude/messages-api.mjs');
  const server = spawn(process.execPath, [api, folder, address], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await Promise.race([
    once(createInterface({ input: server.stdout }), 'line'),
    once(server, 'exit').then(([code]) => {
      throw new Error(`the stand-in of the API ended with ${String(code)}`);
    }),
  ]);
  const requests = async (): Promise<SessionRequest[]> => {
    const text = (await unlessAbsent(readFile(join(folder, 'requests.jsonl'), 'utf8'))) ?? '';
    return text
      .split('\n')
      .slice(0, -1)
      .map((line): SessionRequest => JSON.parse(line))
      .filter(({ title }) => !title);
  };
  return {
    version,
    program: `${mounted}/claude`,
    environment: {
      ANTHROPIC_BASE_URL: `http://${address}:${String(port)}`,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_AUTOUPDATER: '1',
    },
    requests,
    heard: async (line) => {
      const end = performance.now() + patience;
      while (!(await requests()).some(({ start }) => start === line)) {
        if (performance.now() > end) throw new Error(`no session has said to its API: ${line}`);
        await delay(200);
      }
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(server, 'exit');
      server.stdin.end();
      await ended;
    },
  };
}

/** Puts Claude Code in charge of the old rig: its first start answered, logged in, and the rig started again. */
export async function takeOverOldRig(pi: Host, { program, environment }: RealAgents): Promise<void> {
  const loops = asUser(pi, 'loops');
  const home = '/home/loops';
  const workspace = '/srv/cc-ci';
  const folders = [workspace, `${workspace}/cc-ci`, `${workspace}/cc-ci-adv`];
  const trusted = Object.fromEntries(folders.map((folder) => [folder, { hasTrustDialogAccepted: true }]));
  const variables = { ...environment, REAL_AGENT: program };
  await loops.run(['mkdir', '-p', '-m', '700', `${home}/.claude`]);
  const write = (path: string, text: string): Promise<void> => loops.writeFile(path, text, { mode: 0o600 });
  await write(`${home}/.claude.json`, JSON.stringify({ hasCompletedOnboarding: true, projects: trusted }));
  await write(`${home}/.claude/settings.json`, JSON.stringify({ skipDangerousModePermissionPrompt: true }));
  await write(`${home}/${loginFile}`, madeUpLogin);
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
  const launch = `${workspace}/cc-ci-plan/launch.sh`;
  await loops.run([launch, 'stop'], { timeout: 60_000 });
  await write(`${workspace}/.agent-env`, lines.join(''));
  await loops.run(['env', 'RESUME_PHASE=1', launch, 'start']);
  await loops.run(['tmux', 'kill-session', '-t', '=orchestrator']);
  const session = [
    'tmux',
    'new-session',
    '-d',
    '-s',
    'orchestrator',
    '-x',
    '120',
    '-y',
    '40',
    '-c',
    workspace,
  ];
  await loops.run([...session, `exec ${workspace}/cc-ci-plan/bin/real-agent orchestrator`]);
}

/** Stands for the person's `claude auth login` on the new host, which needs the live service. */
export async function logRealAgentIn({ target, settings, signal }: Scene): Promise<void> {
  const { user } = settings.new;
  await asUser(target, user).writeFile(`/home/${user}/${loginFile}`, madeUpLogin, { mode: 0o600, signal });
}

async function setDevice({ client, project }: Lab, source: string | undefined): Promise<void> {
  const change = async (scope: IncusScope): Promise<void> => {
    const { config, devices: all, description } = await scope.profiles.get('default');
    const { [device]: before, ...others } = all;
    if (before === undefined && source === undefined) return;
    const mount = { type: 'disk', source: source ?? '', path: mounted, readonly: 'true' } as const;
    const devices = source === undefined ? others : { ...others, [device]: mount };
    await scope.profiles.update('default', { config, description, devices });
  };
  await Promise.all([change(client), change(client.project(project))]);
}
