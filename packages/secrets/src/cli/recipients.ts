import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from './engine.ts';
import { gatherIdentities } from './identities.ts';
import { type FileFlags, configOption, identityOption, jsonOption, print } from './options.ts';
import { type FileChange, replaceIfChanged, reportChanges } from './replace.ts';

/** `secrets rotate FILE…`. */
export function rotateCommand(): Command {
  const command = new Command('rotate')
    .description('give files a new data key; recipients stay')
    .argument('<file...>');
  return withEngineOptions(command).action(async (files: string[], flags: EngineFlags) => {
    const engine = await chosenEngine(flags);
    const done: FileChange[] = [];
    for (const file of files) {
      const edited = await engine.rotate(await readFile(file), engineFile(file, flags));
      done.push(await replaceIfChanged(file, edited));
    }
    reportChanges(flags.json, done);
  });
}

/** `secrets updatekeys FILE…`. */
export function updatekeysCommand(): Command {
  const command = new Command('updatekeys')
    .description('make files open for the recipients of .sops.yaml; the data key stays (see rotate, revoke)')
    .argument('<file...>')
    .option('--rules <file>', 'read this .sops.yaml instead of looking for one');
  return withEngineOptions(command).action(
    async (files: string[], flags: EngineFlags & { rules?: string }) => {
      const engine = await chosenEngine(flags);
      const rules = flags.rules === undefined ? {} : { rules: flags.rules };
      const done: FileChange[] = [];
      for (const file of files) {
        const edited = await engine.updateKeys(await readFile(file), {
          ...engineFile(file, flags),
          ...rules,
        });
        done.push(await replaceIfChanged(file, edited));
      }
      reportChanges(flags.json, done);
    },
  );
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
