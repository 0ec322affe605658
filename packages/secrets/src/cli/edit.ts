import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command } from 'commander';
import { gatherIdentities } from './identities.ts';
import { type FileFlags, formatOption, identityOption, jsonOption } from './options.ts';
import { replaceIfChanged, reportChanges } from './replace.ts';

/** `secrets edit FILE`: the plain text is in memory and in a private file on a memory file system, nowhere else. */
export function editCommand(): Command {
  return new Command('edit')
    .description('edit a sops file in $VISUAL or $EDITOR')
    .argument('<file>')
    .addOption(formatOption())
    .addOption(identityOption())
    .addOption(jsonOption())
    .action(async (file: string, flags: FileFlags) => {
      const { decryptFile } = await import('../sops/file.ts');
      const { replaceContent } = await import('../sops/edit.ts');
      const { splitWords } = await import('../age/search.ts');
      const { privateFile } = await import('./private-file.ts');
      const { runEditor } = await import('./run-editor.ts');
      const options = {
        file,
        identities: await gatherIdentities(flags.identity),
        ...(flags.format && { format: flags.format }),
      };
      const before = await readFile(file);
      const { plaintext } = await decryptFile(before, options);
      const editor = splitWords(process.env['VISUAL'] ?? process.env['EDITOR'] ?? 'vi');
      await using copy = await privateFile(basename(file), plaintext);
      await runEditor(editor, copy.path);
      const edited = await replaceContent(before, await readFile(copy.path), options);
      reportChanges(flags.json, [await replaceIfChanged(file, edited)]);
    });
}
