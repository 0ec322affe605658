import { commandsContract } from './suite/commands.ts';
import { endingsContract } from './suite/endings.ts';
import { filesContract } from './suite/files.ts';
import { type ContractOptions, type ContractPart, type ContractRunner, testLimit } from './suite/fixture.ts';
import { inputContract } from './suite/input.ts';
import { manyContract } from './suite/many.ts';
import { streamsContract } from './suite/streams.ts';

export type { ContractOptions, ContractPart, ContractRunner } from './suite/fixture.ts';
/** What tests of a transport need besides the suite. */
export { processesWith, rejection, testLimit, uniqueSleep, until } from './suite/fixture.ts';
export { failOnceLost } from './suite/lost-host.ts';

const parts = {
  commands: commandsContract,
  many: manyContract,
  input: inputContract,
  endings: endingsContract,
  streams: streamsContract,
  files: filesContract,
};
const allParts = [
  'commands',
  'many',
  'input',
  'endings',
  'streams',
  'files',
] as const satisfies readonly ContractPart[];

/**
 * The promises of `Host`, as tests: what passes them may be used wherever a `Host` is asked for. Needs a Linux host
 * with coreutils and grep.
 *
 * @example
 * import * as vitest from 'vitest';
 * hostContract(vitest, { name: 'local', open: async () => localHost(), root: true });
 */
export function hostContract(runner: ContractRunner, options: ContractOptions): void {
  runner.describe(`the contract of Host: ${options.name}`, { timeout: testLimit(options) }, () => {
    for (const part of options.parts ?? allParts) parts[part](runner, options);
  });
}
