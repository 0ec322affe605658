import type { Command } from 'commander';
import type { EditResult } from '../../sops/edit.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { encryptedDocuments } from '../shared/documents.ts';
import { changeFile, reportChanges } from '../shared/replace.ts';
import { parsePath, pathHelp } from '../shared/value-path.ts';

/** `secrets unset FILE PATH`. */
export function setUpUnset(command: Command): Command {
  command.argument('<file>', 'a sops file').argument('<path>', pathHelp);
  return withEngineOptions(command).action(async (file: string, path: string, flags: EngineFlags) => {
    const engine = await chosenEngine(flags);
    const named = engineFile(file, flags);
    const edit = async (before: Buffer): Promise<EditResult> =>
      engine.unset(before, parsePath(path, await encryptedDocuments(before, named)), named);
    reportChanges(flags.json, [await changeFile(file, edit)]);
  });
}
