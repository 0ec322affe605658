import { readFile } from 'node:fs/promises';
import { unlessRefused } from '@cutover/foundation/errno';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import { heartbeatFile } from '../../config/rig-places.ts';
import { leaseFile } from '../../ownership/lease-file.ts';
import { cleanEnvironment } from '../../tmux/tmux-server.ts';
import type { SessionStart } from '../../tmux/rig-tmux.ts';
import { loggerCommand } from './logger.ts';
import type { PreparedStart } from './prepare-start.ts';
import { requireProgram } from './require-folders.ts';
import { scopeArgv, type ScopeManager } from '../../processes/memory-scope.ts';

/** The plan phase a loop is started in. */
export interface CurrentPhase {
  readonly index: number;
  /** Absent when the rig has no phases, or all are passed. */
  readonly plan?: string | undefined;
}

/** What an agent is started with: argv, directory and environment, all placeholders replaced. */
export async function loopStart(
  config: RigConfig,
  loop: LoopConfig,
  { choice: { session }, command: { argv, tellsWords } }: PreparedStart,
  phase: CurrentPhase,
  run: string,
  scope: ScopeManager,
  environment: Readonly<Record<string, string>>,
): Promise<SessionStart> {
  const replace = (word: string): string =>
    word.replaceAll(/\{(session|plan|phase|loop)\}/g, (_, name: string) => {
      if (name === 'session') return session;
      if (name === 'plan') return phase.plan ?? '';
      return name === 'phase' ? String(phase.index) : loop.name;
    });
  await requireProgram(loop, replace(argv[0] ?? ''), environment['PATH'] ?? '');
  // Words for the agent hold braces of their own.
  const options = tellsWords ? argv.slice(0, -1) : argv;
  return {
    loop: loop.name,
    argv: [
      ...scopeArgv(config.rig, loop, run, scope),
      ...options.map(replace),
      ...argv.slice(options.length),
    ],
    cwd: loop.cwd,
    run,
    environment: { ...environment, LOOPS_SESSION: session },
    logger: loggerCommand(config, loop),
  };
}

/** What an agent finds in its environment, whatever its session. */
export async function loopEnvironment(
  config: RigConfig,
  loop: LoopConfig,
  phase: CurrentPhase,
  run: string,
  scope: ScopeManager,
): Promise<Record<string, string>> {
  return {
    ...(await agentEnvironment(config, loop)),
    ...(scope === 'user'
      ? { XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.() ?? 0}` }
      : {}),
    LOOPS_RIG: config.rig,
    LOOPS_CONFIG: config.path,
    LOOPS_HEARTBEAT_FILE: heartbeatFile(config, loop.name),
    LOOPS_LOOP: loop.name,
    LOOPS_RUN: run,
    ...(config.ownership === undefined ? {} : { LOOPS_LEASE_FILE: leaseFile(config) }),
    LOOPS_PHASE: String(phase.index),
    ...(phase.plan === undefined ? {} : { LOOPS_PLAN: phase.plan }),
    ...(loop.role === undefined ? {} : { LOOPS_ROLE: loop.role }),
    ...(loop.prompt === undefined ? {} : { LOOPS_PROMPT_FILE: loop.prompt.file }),
  };
}

/** The part of it that is the same at each start. */
export async function agentEnvironment(config: RigConfig, loop: LoopConfig): Promise<Record<string, string>> {
  return {
    ...cleanEnvironment(),
    // It would replace its own program under the sessions that run.
    ...(loop.agent === 'claude-code' ? { DISABLE_AUTOUPDATER: '1' } : {}),
    ...config.environment,
    ...loop.environment,
    ...(loop.environmentFile === undefined ? {} : await readEnvironmentFile(loop.environmentFile)),
  };
}

/** The same of an agent that runs: its environment file may be away by now, which is no matter until its next start. */
export async function environmentIfReadable(
  config: RigConfig,
  loop: LoopConfig,
): Promise<Record<string, string> | undefined> {
  return unlessRefused(agentEnvironment(config, loop));
}

/** `NAME=value` lines as systemd reads them: comments and blank lines are skipped, one pair of quotes removed. */
async function readEnvironmentFile(path: string): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    variables[name] = /^(["'])(.*)\1$/.exec(value.trim())?.[2] ?? value.trim();
  }
  return variables;
}
