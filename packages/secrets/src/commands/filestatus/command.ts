import type { Command } from 'commander';
import { SecretsError } from '../../errors.ts';
import { type FileFlags, formatOption, print } from '../shared/options.ts';

/** `secrets filestatus FILE`: prints JSON, as sops does. */
export function setUpFilestatus(command: Command): Command {
  return command
    .argument('<file>', 'any file')
    .addOption(formatOption())
    .option('--json', 'no effect: the output is always JSON')
    .action(async (file: string, { format }: FileFlags) => {
      const { readFileBounded } = await import('../../files/read-file.ts');
      const { plaintextLeavesOf, readMetadata } = await import('../../sops/inspect.ts');
      const bytes = await readFileBounded(file);
      try {
        await readMetadata(bytes, { file, format });
        const plaintext = await plaintextLeavesOf(bytes, { file, format });
        print(true, { encrypted: true, plaintext }, () => []);
      } catch (error) {
        if (!(error instanceof SecretsError) || !['NOT_ENCRYPTED', 'PARSE_FAILED'].includes(error.code))
          throw error;
        print(true, { encrypted: false }, () => []);
      }
    });
}
