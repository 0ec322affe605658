import { basename } from 'node:path';
import type { Command } from 'commander';
import { SecretsError } from '../../errors.ts';
import type { EditResult } from '../../sops/edit.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { reportChanges } from '../shared/replace.ts';

/** `secrets edit FILE`: the plain text is in memory and in a private file on a memory file system, nowhere else. */
export function setUpEdit(command: Command): Command {
  command.argument('<file>', 'a sops file');
  return withEngineOptions(command).action(async (file: string, flags: EngineFlags) => {
    const { lstat } = await import('node:fs/promises');
    const { unlessAbsent } = await import('@cutover/foundation/errno');
    const { backToEditor, isConflict } = await import('./back-to-editor.ts');
    const { createFile } = await import('./create-file.ts');
    const { readFileBounded } = await import('../../files/read-file.ts');
    const { privateFile } = await import('./private-file.ts');
    const { editorCommand, runEditor } = await import('./run-editor.ts');
    const engine = await chosenEngine(flags);
    if ((await unlessAbsent(lstat(file))) === undefined) return createFile(file, engine, flags);
    let before = await readFileBounded(file);
    const plaintext = await engine.decrypt(before, engineFile(file, flags));
    const editor = editorCommand();
    await using copy = await privateFile(basename(file), plaintext);
    for (;;) {
      await runEditor(editor, copy.path);
      try {
        const edited = await engine.replace(
          before,
          await readFileBounded(copy.path),
          engineFile(file, flags),
        );
        await save(file, before, edited);
        reportChanges(flags.json, [{ file, changed: edited.changed }]);
        return;
      } catch (error) {
        if (!(await backToEditor(error))) throw error;
        // Saving again then replaces the other change, as the question said.
        if (isConflict(error)) before = await readFileBounded(file);
      }
    }
  });
}

/** Replaces the file, unless another process changed it while the editor was open; the edit is not lost either way. */
async function save(file: string, before: Buffer, { bytes, changed }: EditResult): Promise<void> {
  if (!changed) return;
  const { whileLocked } = await import('../../files/lock-file.ts');
  const { readFileBounded } = await import('../../files/read-file.ts');
  const { replaceFile } = await import('../../files/replace-file.ts');
  const { rescued } = await import('../../files/rescue.ts');
  try {
    await whileLocked(file, async () => {
      if (!(await readFileBounded(file)).equals(before))
        throw new SecretsError('FILE_CONFLICT', 'it was changed while the editor was open', { file });
      await replaceFile(file, bytes);
    });
  } catch (error) {
    throw await rescued(error, file, bytes);
  }
}
