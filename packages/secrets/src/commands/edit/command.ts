import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { replaceIfChanged, reportChanges } from '../shared/replace.ts';

/** `secrets edit FILE`: the plain text is in memory and in a private file on a memory file system, nowhere else. */
export function setUpEdit(command: Command): Command {
  command.argument('<file>');
  return withEngineOptions(command).action(async (file: string, flags: EngineFlags) => {
    const { splitWords } = await import('../../age/search.ts');
    const { privateFile } = await import('./private-file.ts');
    const { runEditor } = await import('./run-editor.ts');
    const engine = await chosenEngine(flags);
    const before = await readFile(file);
    const plaintext = await engine.decrypt(before, engineFile(file, flags));
    const editor = splitWords(process.env['VISUAL'] ?? process.env['EDITOR'] ?? 'vi');
    await using copy = await privateFile(basename(file), plaintext);
    for (;;) {
      await runEditor(editor, copy.path);
      try {
        const edited = await engine.replace(before, await readFile(copy.path), engineFile(file, flags));
        await requireAsBefore(file, before);
        reportChanges(flags.json, [await replaceIfChanged(file, edited)]);
        return;
      } catch (error) {
        if (!(await backToEditor(error))) throw error;
      }
    }
  });
}

/** Another process's change while the editor was open would be lost. */
async function requireAsBefore(file: string, before: Buffer): Promise<void> {
  if ((await readFile(file)).equals(before)) return;
  const { SecretsError } = await import('../../errors.ts');
  throw new SecretsError('FILE_CONFLICT', 'it was changed while the editor was open; edit it again', {
    file,
  });
}

/** An edit that cannot be taken is not lost: at a terminal the editor can be opened again. */
async function backToEditor(error: unknown): Promise<boolean> {
  const { SecretsError } = await import('../../errors.ts');
  if (!(error instanceof SecretsError) || !process.stdin.isTTY) return false;
  process.stderr.write(
    `${error.message}\nEnter goes back to the editor, Ctrl-C or Ctrl-D gives the edit up: `,
  );
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, terminal: false });
  const answered = await Promise.race([
    once(lines, 'line').then(() => true),
    once(lines, 'close').then(() => false),
  ]);
  lines.close();
  return answered;
}
