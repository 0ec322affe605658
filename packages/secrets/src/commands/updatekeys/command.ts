import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { changeFiles, reportChanges } from '../shared/replace.ts';

/** `secrets updatekeys FILE…`. */
export function setUpUpdatekeys(command: Command): Command {
  command
    .argument('<file...>', 'sops files')
    .option('--rules <file>', 'read this .sops.yaml instead of looking for one');
  return withEngineOptions(command).action(
    async (files: string[], flags: EngineFlags & { rules?: string }) => {
      const engine = await chosenEngine(flags);
      const done = await changeFiles(files, (before, file) =>
        engine.updateKeys(before, { ...engineFile(file, flags), rules: flags.rules }),
      );
      reportChanges(flags.json, done);
    },
  );
}
