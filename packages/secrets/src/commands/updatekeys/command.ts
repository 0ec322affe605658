import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { type FileChange, replaceIfChanged, reportChanges } from '../shared/replace.ts';

/** `secrets updatekeys FILE…`. */
export function setUpUpdatekeys(command: Command): Command {
  command
    .argument('<file...>', 'sops files')
    .option('--rules <file>', 'read this .sops.yaml instead of looking for one');
  return withEngineOptions(command).action(
    async (files: string[], flags: EngineFlags & { rules?: string }) => {
      const engine = await chosenEngine(flags);
      const done: FileChange[] = [];
      for (const file of files) {
        const named = { ...engineFile(file, flags), rules: flags.rules };
        done.push(await replaceIfChanged(file, await engine.updateKeys(await readFile(file), named)));
      }
      reportChanges(flags.json, done);
    },
  );
}
