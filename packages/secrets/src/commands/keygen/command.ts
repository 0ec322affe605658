import { isErrno } from '@cutover/foundation/errno';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';

/** `secrets keygen`: an age key pair. */
export function setUpKeygen(command: Command): Command {
  return command
    .option('-o, --output <file>', 'write the identity here, mode 0400; refuses to replace a file')
    .option('-y, --recipients <file>', 'print the recipients of an identity file instead')
    .option('--json', 'print JSON')
    .action(async (options: { output?: string; recipients?: string; json?: boolean }) => {
      const { generateKeyPair, identityFile, recipientsOf } = await import('../../age/identities.ts');
      const print = (recipients: readonly string[]): void => {
        const text = options.json === true ? JSON.stringify({ recipients }) : recipients.join('\n');
        process.stdout.write(`${text}\n`);
      };
      const { readFileBounded } = await import('../../files/read-file.ts');
      if (options.recipients !== undefined) {
        print(
          await recipientsOf(
            (await readFileBounded(options.recipients)).toString('utf8'),
            options.recipients,
          ),
        );
        return;
      }
      const pair = generateKeyPair();
      if (options.output === undefined) {
        if (options.json === true)
          throw new UsageError('--json prints no identity; name a file with --output');
        process.stdout.write(identityFile(pair));
        return;
      }
      const { unwritable } = await import('../../files/unwritable.ts');
      const { createWholeFile } = await import('../../files/create-file.ts');
      try {
        await createWholeFile(options.output, identityFile(pair), 0o400);
      } catch (error) {
        if (isErrno(error, 'EEXIST')) {
          throw new UsageError(`${options.output} is there already and is not replaced`);
        }
        throw unwritable(error, options.output);
      }
      print([pair.recipient]);
    });
}
