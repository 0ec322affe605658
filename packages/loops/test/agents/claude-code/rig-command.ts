import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { localHost } from '@cutover/host';
import type { LoopStatus } from '../../../src/control/status.ts';
import { readRigStatus } from '../../../src/rig/read-rig-status.ts';
import { buildCommand } from '../../command.ts';
import { until } from '../../rig.ts';
import type { ClaudeRig } from './claude-rig.ts';

const patience = 300_000;
const host = localHost();

/** The rig's supervisor as a process of its own, which can be killed and started again. */
export async function startCommand(rig: ClaudeRig) {
  const command = await buildCommand();
  await writeFile(rig.config.path, rig.text);
  const argv = (...words: string[]): string[] => [command.path, ...words, '--config', rig.config.path];
  const up = (): ChildProcess => spawn('node', argv('up'), { stdio: 'ignore' });
  let running = up();
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill(signal);
    await ended;
  };
  return {
    up: () => void (running = up()),
    kill,
    run: async (...words: string[]) => host.run(['node', ...argv(...words)], { timeout: patience }),
    pid: () => running.pid ?? 0,
    status: () => readRigStatus(rig.config),
    /** Waits until its agents are ready and no turn is under way. @returns the first loop. */
    untilIdle: async (): Promise<LoopStatus | undefined> => {
      const { loops } = await until(
        () => readRigStatus(rig.config),
        (status) => status.supervisor.state === 'up' && status.loops.every(isIdle),
        patience,
      );
      return loops[0];
    },
    [Symbol.asyncDispose]: async () => {
      await kill('SIGKILL');
      await command[Symbol.asyncDispose]();
    },
  };
}

function isIdle({ ready, agent }: LoopStatus): boolean {
  return ready && agent !== undefined && agent.turnSince === undefined && agent.handoff === undefined;
}
