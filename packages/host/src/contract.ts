import { commandsContract } from './contract/commands.ts';
import { endingsContract } from './contract/endings.ts';
import { filesContract } from './contract/files.ts';
import type { ContractOptions, ContractRunner } from './contract/fixture.ts';
import { inputContract } from './contract/input.ts';
import { streamsContract } from './contract/streams.ts';

export type { ContractOptions, ContractRunner } from './contract/fixture.ts';

/**
 * The promises of `Host`, as tests: what passes them may be used wherever a `Host` is asked for. Needs a Linux host
 * with coreutils and grep.
 *
 * @example
 * import * as vitest from 'vitest';
 * hostContract(vitest, { name: 'local', open: async () => localHost(), root: true });
 */
export function hostContract(runner: ContractRunner, options: ContractOptions): void {
  runner.describe(`the contract of Host: ${options.name}`, () => {
    for (const part of [commandsContract, inputContract, endingsContract, streamsContract, filesContract]) {
      part(runner, options);
    }
  });
}
