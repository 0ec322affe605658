import { readFile } from 'node:fs/promises';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import { runningAgents } from '../tmux/running-agents.ts';

/**
 * The loop whose agent runs this process, told by whose child it is; one that has left its agent's processes is told by
 * the run that it was started in. `undefined`: it is a person's, or another program's. What a variable says of a loop's
 * name counts for nothing, because an agent can set it.
 */
export async function callerLoop(
  config: Pick<RigConfig, 'runtimeDir'>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const agents = (await runningAgents(tmuxSocket(config))) ?? [];
  const ancestors = await ancestorsOf(process.pid);
  const agent =
    agents.find(({ pid }) => ancestors.has(pid)) ??
    agents.find(({ run }) => run === environment['LOOPS_RUN']);
  return agent?.loop;
}

/** A process, and all whose child it is. */
async function ancestorsOf(pid: number): Promise<Set<number>> {
  const ancestors = new Set<number>();
  for (let next = pid; next > 0 && !ancestors.has(next); next = await parentOf(next)) ancestors.add(next);
  return ancestors;
}

async function parentOf(pid: number): Promise<number> {
  try {
    const stat = (await unlessAbsent(readFile(`/proc/${pid}/stat`, 'utf8'))) ?? '';
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return 0;
    throw error;
  }
}
