import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { gatherIdentities } from './identities.ts';
import { type FileFlags, configOption, formatOption, identityOption, jsonOption, print } from './options.ts';
import { type FileChange, replaceIfChanged, reportChanges } from './replace.ts';

/** `secrets rotate FILE…`. */
export function rotateCommand(): Command {
  return new Command('rotate')
    .description('give files a new data key; recipients stay')
    .argument('<file...>')
    .addOption(formatOption())
    .addOption(identityOption())
    .addOption(jsonOption())
    .action(async (files: string[], flags: FileFlags) => {
      const { rotateFile } = await import('../sops/edit.ts');
      const identities = await gatherIdentities(flags.identity);
      const done: FileChange[] = [];
      for (const file of files) {
        const options = { file, identities, ...(flags.format && { format: flags.format }) };
        done.push(await replaceIfChanged(file, await rotateFile(await readFile(file), options)));
      }
      reportChanges(flags.json, done);
    });
}

/** `secrets updatekeys FILE…`. */
export function updatekeysCommand(): Command {
  return new Command('updatekeys')
    .description('make files open for the recipients of .sops.yaml; the data key stays (see rotate, revoke)')
    .argument('<file...>')
    .addOption(identityOption())
    .addOption(jsonOption())
    .option('--rules <file>', 'read this .sops.yaml instead of looking for one')
    .action(async (files: string[], flags: FileFlags & { rules?: string }) => {
      const { updateRecipients } = await import('../sops/edit.ts');
      const { creationRuleFor } = await import('../sops/creation-rules.ts');
      const identities = await gatherIdentities(flags.identity);
      const done: FileChange[] = [];
      for (const file of files) {
        const { recipients, shamirThreshold } = await creationRuleFor(file, flags.rules);
        const [only = []] = recipients;
        const edited = await updateRecipients(
          await readFile(file),
          recipients.length === 1 ? only : recipients,
          {
            file,
            identities,
            ...(shamirThreshold !== undefined && { shamirThreshold }),
          },
        );
        done.push(await replaceIfChanged(file, edited));
      }
      reportChanges(flags.json, done);
    });
}

/** `secrets revoke RECIPIENT`. */
export function revokeCommand(): Command {
  return new Command('revoke')
    .description('shut a recipient out of every sops file of a repository: new recipients and new data keys')
    .argument('<recipient>')
    .addOption(configOption())
    .addOption(identityOption())
    .option('--repository <directory>', 'the git working tree', '.')
    .option('--add <recipient...>', 'who may open them instead')
    .addOption(jsonOption())
    .action(
      async (
        recipient: string,
        flags: FileFlags & { config: string; repository: string; add?: string[]; json?: boolean },
      ) => {
        const { localHost } = await import('@cutover/host');
        const { revoke } = await import('../guard/revoke.ts');
        const { optionalConfig } = await import('./config.ts');
        await using host = localHost();
        const { resolve } = await import('node:path');
        const config = await optionalConfig(flags.config);
        const report = await revoke({
          host,
          repository: resolve(flags.repository),
          recipient,
          identities: await gatherIdentities(flags.identity),
          ...(flags.add && { add: flags.add }),
          ...(config && { secrets: config.secrets, config: resolve(flags.config) }),
        });
        print(flags.json, report, () => [
          ...[...report.files, ...report.configs].map((file) => `rewritten: ${file}`),
          ...(report.files.length === 0 ? [`no file is for ${recipient}`] : []),
          ...report.replace.map(
            ({ secret, issuer }) => `still to be replaced at its issuer: ${secret} (${issuer})`,
          ),
        ]);
      },
    );
}
