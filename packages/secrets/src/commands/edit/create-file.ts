import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { SecretsError } from '../../errors.ts';
import { createWholeFile } from '../../files/create-file.ts';
import { readFileBounded } from '../../files/read-file.ts';
import { rescued } from '../../files/rescue.ts';
import type { SopsEngine } from '../../sops/engine.ts';
import { type SopsFormat, formatOf } from '../../sops/formats/format.ts';
import { type EngineFlags, engineFile } from '../shared/engine.ts';
import { reportChanges } from '../shared/replace.ts';
import { backToEditor } from './back-to-editor.ts';
import { privateFile } from './private-file.ts';
import { editorCommand, runEditor } from './run-editor.ts';

/** What a new file begins with. */
const examples: Readonly<Record<SopsFormat, string>> = {
  yaml: 'example: value\n',
  json: '{\n\t"example": "value"\n}\n',
  dotenv: 'example=value\n',
  ini: '[section]\nexample = value\n',
  binary: 'example\n',
};

/** Edits a file that is not there yet: it is encrypted by its creation rule, and not made when nothing was changed. */
export async function createFile(file: string, engine: SopsEngine, flags: EngineFlags): Promise<void> {
  const named = engineFile(file, flags);
  const example = Buffer.from(examples[named.format ?? formatOf(file)]);
  // Before the editor opens: an edit that cannot be saved, or that no rule covers, would be for nothing.
  if ((await unlessAbsent(stat(dirname(file)))) === undefined)
    throw new SecretsError('FILE_UNWRITABLE', 'its folder does not exist', { file });
  await engine.encrypt(example, named);
  await using copy = await privateFile(basename(file), example);
  const editor = editorCommand();
  let encrypted: Uint8Array | undefined;
  while (encrypted === undefined) {
    await runEditor(editor, copy.path);
    const content = await readFileBounded(copy.path);
    if (content.equals(example)) return reportChanges(flags.json, [{ file, changed: false }]);
    try {
      encrypted = await engine.encrypt(content, named);
    } catch (error) {
      if (!(await backToEditor(error))) throw error;
    }
  }
  try {
    await createWholeFile(file, encrypted, 0o644);
  } catch (error) {
    const meanwhile = new SecretsError('FILE_CONFLICT', 'it was made while the editor was open', { file });
    throw await rescued(isErrno(error, 'EEXIST') ? meanwhile : error, file, encrypted);
  }
  reportChanges(flags.json, [{ file, changed: true }]);
}
