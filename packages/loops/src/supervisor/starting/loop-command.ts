import { readFile } from 'node:fs/promises';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import { heartbeatFile } from '../../config/rig-places.ts';
import { leaseFile } from '../../ownership/lease-file.ts';
import type { LoopState } from '../../state/rig-state.ts';
import { cleanEnvironment } from '../../tmux/tmux-server.ts';
import type { SessionStart } from '../../tmux/rig-tmux.ts';
import { loggerCommand } from './logger.ts';
import { requireProgram } from './require-folders.ts';
import { scopeArgv, type ScopeManager } from '../../processes/memory-scope.ts';

/** The plan phase a loop is started in. */
export interface CurrentPhase {
  readonly index: number;
  /** Absent when the rig has no phases, or all are passed. */
  readonly plan?: string | undefined;
}

/** Whether the next start goes on with the agent's session, rather than beginning with its prompt. */
export function resumes(loop: LoopConfig, state: LoopState): boolean {
  return state.begun === true && loop.resume !== undefined;
}

/** What an agent is started with: argv, directory and environment, all placeholders replaced. */
export async function loopStart(
  config: RigConfig,
  loop: LoopConfig,
  state: LoopState & { readonly session: string },
  phase: CurrentPhase,
  run: string,
  scope: ScopeManager,
): Promise<SessionStart> {
  const replace = (word: string): string =>
    word.replaceAll(/\{(session|plan|phase|loop)\}/g, (_, name: string) => {
      if (name === 'session') return state.session;
      if (name === 'plan') return phase.plan ?? '';
      return name === 'phase' ? String(phase.index) : loop.name;
    });
  const command = (resumes(loop, state) ? loop.resume : undefined) ?? loop.command;
  const promptArgument =
    loop.prompt?.deliver === 'argument' && !resumes(loop, state)
      ? [await readFile(loop.prompt.file, 'utf8')]
      : [];
  const environment = await loopEnvironment(config, loop, state, phase, run, scope);
  await requireProgram(loop, replace(command[0] ?? ''), environment['PATH'] ?? '');
  return {
    loop: loop.name,
    argv: [...scopeArgv(config.rig, loop, run, scope), ...command.map(replace), ...promptArgument],
    cwd: loop.cwd,
    run,
    environment,
    logger: loggerCommand(config, loop),
  };
}

async function loopEnvironment(
  config: RigConfig,
  loop: LoopConfig,
  state: { readonly session: string },
  phase: CurrentPhase,
  run: string,
  scope: ScopeManager,
): Promise<Record<string, string>> {
  return {
    ...cleanEnvironment(),
    ...config.environment,
    ...loop.environment,
    ...(loop.environmentFile === undefined ? {} : await readEnvironmentFile(loop.environmentFile)),
    ...(scope === 'user'
      ? { XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.() ?? 0}` }
      : {}),
    LOOPS_RIG: config.rig,
    LOOPS_CONFIG: config.path,
    LOOPS_HEARTBEAT_FILE: heartbeatFile(config, loop.name),
    LOOPS_LOOP: loop.name,
    LOOPS_RUN: run,
    ...(config.ownership === undefined ? {} : { LOOPS_LEASE_FILE: leaseFile(config) }),
    LOOPS_SESSION: state.session,
    LOOPS_PHASE: String(phase.index),
    ...(phase.plan === undefined ? {} : { LOOPS_PLAN: phase.plan }),
    ...(loop.role === undefined ? {} : { LOOPS_ROLE: loop.role }),
    ...(loop.prompt === undefined ? {} : { LOOPS_PROMPT_FILE: loop.prompt.file }),
  };
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
