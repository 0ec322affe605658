import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { changeFiles, reportChanges } from '../shared/replace.ts';

/** `secrets rotate FILE…`. */
export function setUpRotate(command: Command): Command {
  command.argument('<file...>', 'sops files');
  return withEngineOptions(command).action(async (files: string[], flags: EngineFlags) => {
    const engine = await chosenEngine(flags);
    const done = await changeFiles(files, (before, file) => engine.rotate(before, engineFile(file, flags)));
    reportChanges(flags.json, done);
  });
}
