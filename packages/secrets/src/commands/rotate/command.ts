import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { recipientOption } from '../shared/options.ts';
import { changeFiles, reportChanges } from '../shared/replace.ts';

interface Flags extends EngineFlags {
  readonly addAge?: string[] | undefined;
  readonly rmAge?: string[] | undefined;
}

/** `secrets rotate FILE…`. */
export function setUpRotate(command: Command): Command {
  command
    .argument('<file...>', 'sops files')
    .option('--in-place', 'no effect, as for sops users: files are always replaced')
    .addOption(recipientOption('--add-age <recipient>', 'also for this recipient, or several with commas'))
    .addOption(recipientOption('--rm-age <recipient>', 'not for this recipient any more; see revoke'));
  return withEngineOptions(command).action(async (files: string[], flags: Flags) => {
    const engine = await chosenEngine(flags);
    const changes = { add: flags.addAge, remove: flags.rmAge };
    const done = await changeFiles(files, (before, file) =>
      engine.rotate(before, { ...engineFile(file, flags), ...changes }),
    );
    reportChanges(flags.json, done);
  });
}
