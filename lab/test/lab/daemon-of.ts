import { expect } from 'vitest';
import type { Lab } from '../../src/index.ts';
import { processesOf } from '../../src/processes.ts';

/** The process of a lab's daemon, by its own word and by what it has in its command line. */
export async function daemonOf({ folders, client }: Lab): Promise<number> {
  const environment = (await client.server.get()).environment ?? { server_pid: 0 };
  expect(await processesOf(folders.root)).toContain(environment.server_pid);
  return environment.server_pid;
}
