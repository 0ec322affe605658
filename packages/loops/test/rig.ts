import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { parseRigConfig } from '../src/config/load-rig-config.ts';
import type { RigConfig } from '../src/config/rig-config.ts';
import { tmuxSocket } from '../src/config/rig-places.ts';
import type { RigStatus } from '../src/control/status.ts';
import type { RigEvent } from '../src/events/rig-event.ts';
import { Supervisor } from '../src/supervisor/supervisor.ts';

/** A rig in a directory of its own; nothing of it is left when it is disposed. */
export interface TestRig extends AsyncDisposable {
  readonly config: RigConfig;
  /** What its `loops.yaml` would hold; the file is not written. */
  readonly text: string;
  readonly directory: string;
  readonly events: RigEvent[];
  /** A supervisor for it, which ends with the rig at the latest. */
  supervise(): Promise<Supervisor>;
}

/**
 * Ends the tmux servers of the socket $1, which a test may have deleted, and the agents in them: some do not heed the end of
 * their terminal.
 */
const endServers = `
for server in $(pgrep -f "^tmux .*-S $1"); do
  agents=$(pgrep -P "$server")
  kill -s KILL "$server"
  for agent in $agents; do kill -s KILL -- "-$agent" || kill -s KILL "$agent"; done
done 2>/dev/null
:
`;

/** @param file what is in its `loops.yaml` besides name and workspace. */
export async function makeRig(file: {
  loops: Record<string, unknown>;
  [key: string]: unknown;
}): Promise<TestRig> {
  const directory = await mkdtemp(join(tmpdir(), 'loops-'));
  const text = JSON.stringify({ rig: 'test', workspace: directory, ...file });
  const config = parseRigConfig(text, join(directory, 'loops.yaml'));
  for (const plan of config.phases?.plans ?? []) await writeFile(plan, 'a plan\n');
  await mkdir(config.runtimeDir, { recursive: true });
  const events: RigEvent[] = [];
  const supervisors: Supervisor[] = [];
  return {
    config,
    text,
    directory,
    events,
    supervise: async () => {
      const supervisor = await Supervisor.start(config, { onEvent: (event) => events.push(event) });
      supervisors.push(supervisor);
      return supervisor;
    },
    [Symbol.asyncDispose]: async () => {
      try {
        for (const supervisor of supervisors) await supervisor[Symbol.asyncDispose]();
      } finally {
        await using host = localHost();
        await host.run(['sh', '-c', endServers, 'end-servers', tmuxSocket(config)]);
        await rm(directory, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  };
}

/** Waits until the condition holds; fails with what was seen last. */
export async function until<T>(
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean,
  deadline = 30_000,
): Promise<T> {
  const end = performance.now() + deadline;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > end)
      throw new Error(`not within ${deadline} ms; last: ${JSON.stringify(seen, undefined, 1)}`);
    await delay(20);
  }
}

/** Waits until every wanted loop runs. */
export async function untilRunning(supervisor: Supervisor): Promise<RigStatus> {
  return until(
    () => supervisor.status(),
    ({ loops }) => loops.every((loop) => !loop.wanted || loop.state === 'running'),
  );
}

/** The process of one loop. */
export function pidOf({ loops }: RigStatus, name: string): number {
  const pid = loops.find((loop) => loop.name === name)?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  return pid;
}
