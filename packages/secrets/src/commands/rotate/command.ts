import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { type FileChange, replaceIfChanged, reportChanges } from '../shared/replace.ts';

/** `secrets rotate FILE…`. */
export function setUpRotate(command: Command): Command {
  command.argument('<file...>', 'sops files');
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
