import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoopConfig } from '../config/rig-config.ts';

const execute = promisify(execFile);

/** Which systemd manager makes the scopes that bear a loop's limits; `none` when no manager would. */
export type ScopeManager = 'system' | 'user' | 'none';

/** Finds the manager that this process may ask: the system's as root, else the user's own when it runs. */
export async function findScopeManager(): Promise<ScopeManager> {
  if (!(await exists('/run/systemd/system'))) return 'none';
  if ((process.getuid?.() ?? 0) === 0) return 'system';
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.() ?? 0}`;
  return (await exists(join(runtime, 'systemd/private'))) ? 'user' : 'none';
}

/** The manager of the scopes, which is looked for again as long as there was none: a user's may come up after us. */
export interface Scopes {
  readonly manager: ScopeManager;
  find(): Promise<ScopeManager>;
}

/** @param look tells which manager there is now. */
export async function openScopes(look: () => Promise<ScopeManager> = findScopeManager): Promise<Scopes> {
  let manager = await look();
  return {
    get manager() {
      return manager;
    },
    async find() {
      if (manager === 'none') manager = await look();
      return manager;
    },
  };
}

/** Whether a loop has limits that only a scope can apply. */
export function hasLimits({ limits }: LoopConfig): boolean {
  return Object.values(limits).some((limit) => limit !== undefined);
}

/**
 * What goes before a loop's argv so that it runs in a scope of its own, with its limits: whatever it starts stays in there,
 * also what leaves its terminal. Nothing where no manager makes scopes.
 */
export function scopeArgv(rig: string, loop: LoopConfig, run: string, manager: ScopeManager): string[] {
  if (manager === 'none') return [];
  const { memoryHigh, memoryMax, cpuQuota } = loop.limits;
  const properties = [
    ...(memoryHigh === undefined ? [] : [`MemoryHigh=${memoryHigh}`]),
    ...(memoryMax === undefined ? [] : [`MemoryMax=${memoryMax}`, 'OOMPolicy=kill']),
    ...(cpuQuota === undefined ? [] : [`CPUQuota=${cpuQuota}`]),
  ];
  return [
    'systemd-run',
    `--${manager}`,
    '--scope',
    '--quiet',
    `--unit=${scopeName(rig, loop.name, run)}`,
    ...properties.flatMap((property) => ['-p', property]),
    '--',
    // systemd-run would start it under its whole path; as a word of the agent's own it keeps its name.
    'env',
    '--',
  ];
}

/**
 * Whether the kernel ended a run because it had reached its limit of memory. Only systemd on cgroup v2 can tell; its
 * scope stays there until it was asked.
 */
export async function endedByMemory(
  rig: string,
  loop: LoopConfig,
  run: string,
  manager: ScopeManager,
): Promise<boolean> {
  if (manager === 'none' || loop.limits.memoryMax === undefined) return false;
  const unit = `${scopeName(rig, loop.name, run)}.scope`;
  const { stdout } = await execute('systemctl', [
    `--${manager}`,
    'show',
    '--property=Result',
    '--value',
    unit,
  ]);
  await execute('systemctl', [`--${manager}`, 'reset-failed', unit]).catch(() => undefined);
  return stdout.trim() === 'oom-kill';
}

/** Ends all that is left of a run in its scope; without one there is nothing to end. */
export async function endScope(rig: string, loop: string, run: string, manager: ScopeManager): Promise<void> {
  if (manager === 'none') return;
  const unit = `${scopeName(rig, loop, run)}.scope`;
  // It fails where there is no such scope any more, which is what is wanted.
  await execute('systemctl', [`--${manager}`, 'kill', '--signal=SIGKILL', unit]).catch(() => undefined);
}

function scopeName(rig: string, loop: string, run: string): string {
  return `loops-${rig}-${loop}-${run.slice(0, 8)}`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}
