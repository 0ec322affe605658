import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { SecretsError } from '../errors.ts';
import { gatherIdentities } from './identities.ts';
import { type FileFlags, formatOption, identityOption } from './options.ts';
import { replaceIfChanged } from './replace.ts';

/** `secrets edit FILE`: the plain text is in memory and in a private file on a memory file system, nowhere else. */
export function editCommand(): Command {
  return new Command('edit')
    .description('edit a sops file in $VISUAL or $EDITOR')
    .argument('<file>')
    .addOption(formatOption())
    .addOption(identityOption())
    .action(async (file: string, flags: FileFlags) => {
      const { decryptFile } = await import('../sops/file.ts');
      const { replaceContent } = await import('../sops/edit.ts');
      const options = {
        file,
        identities: await gatherIdentities(flags.identity),
        ...(flags.format && { format: flags.format }),
      };
      const before = await readFile(file);
      const { plaintext } = await decryptFile(before, options);
      const directory = await mkdtemp(join(await memoryDirectory(), 'secrets-edit-'));
      try {
        const path = join(directory, basename(file));
        await writeFile(path, plaintext, { mode: 0o600, flag: 'wx' });
        await runEditor(path);
        await replaceIfChanged(file, await replaceContent(before, await readFile(path), options));
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
}

/** A directory on a memory file system; a disk would keep what an editor wrote. */
async function memoryDirectory(): Promise<string> {
  for (const path of [process.env['XDG_RUNTIME_DIR'], '/dev/shm', '/run', tmpdir()]) {
    if (path === undefined) continue;
    const found = await statfs(path).catch(() => undefined);
    if (found !== undefined && [0x01021994, 0x858458f6].includes(found.type)) return path;
  }
  throw new SecretsError(
    'UNSUPPORTED',
    'no memory file system was found for the plain text (XDG_RUNTIME_DIR, /dev/shm)',
  );
}

async function runEditor(path: string): Promise<void> {
  const { splitWords } = await import('../age/search.ts');
  const words = splitWords(process.env['VISUAL'] ?? process.env['EDITOR'] ?? 'vi');
  const [program = 'vi', ...args] = words;
  const editor = spawn(program, [...args, path], { stdio: 'inherit' });
  const [code]: unknown[] = await once(editor, 'exit');
  if (code !== 0)
    throw new SecretsError('UNSUPPORTED', `the editor ended with ${String(code)}; the file is as it was`);
}
