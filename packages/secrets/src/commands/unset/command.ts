import type { Command } from 'commander';
import type { EditResult } from '../../sops/edit.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { parsePath } from '../shared/options.ts';
import { changeFile, reportChanges } from '../shared/replace.ts';

/** `secrets unset FILE PATH`. */
export function setUpUnset(command: Command): Command {
  command.argument('<file>', 'a sops file').argument('<path>', 'the keys to the value, / between them');
  return withEngineOptions(command).action(async (file: string, path: string, flags: EngineFlags) => {
    const engine = await chosenEngine(flags);
    const edit = (before: Buffer): Promise<EditResult> =>
      engine.unset(before, parsePath(path), engineFile(file, flags));
    reportChanges(flags.json, [await changeFile(file, edit)]);
  });
}
