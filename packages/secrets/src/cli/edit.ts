import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from './engine.ts';
import { replaceIfChanged, reportChanges } from './replace.ts';

/** `secrets edit FILE`: the plain text is in memory and in a private file on a memory file system, nowhere else. */
export function editCommand(): Command {
  const command = new Command('edit')
    .description('edit a sops file in $VISUAL or $EDITOR')
    .argument('<file>');
  return withEngineOptions(command).action(async (file: string, flags: EngineFlags) => {
    const { splitWords } = await import('../age/search.ts');
    const { privateFile } = await import('./private-file.ts');
    const { runEditor } = await import('./run-editor.ts');
    const engine = await chosenEngine(flags);
    const before = await readFile(file);
    const plaintext = await engine.decrypt(before, engineFile(file, flags));
    const editor = splitWords(process.env['VISUAL'] ?? process.env['EDITOR'] ?? 'vi');
    await using copy = await privateFile(basename(file), plaintext);
    await runEditor(editor, copy.path);
    const edited = await engine.replace(before, await readFile(copy.path), engineFile(file, flags));
    reportChanges(flags.json, [await replaceIfChanged(file, edited)]);
  });
}
