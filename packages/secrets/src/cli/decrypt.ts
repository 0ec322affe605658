import { isUtf8 } from 'node:buffer';
import { Command } from 'commander';
import { gatherIdentities } from './identities.ts';
import { readInput, writeOutput } from './input.ts';
import { type FileFlags, formatOption, identityOption, jsonOption, print } from './options.ts';

/** `secrets decrypt FILE`. */
export function decryptCommand(): Command {
  return new Command('decrypt')
    .description('decrypt a sops file and check its MAC')
    .argument('<file>', 'a sops file, or - for standard input')
    .addOption(formatOption())
    .addOption(identityOption())
    .option('-o, --output <file>', 'write here, mode 0600, instead of to standard output')
    .option('--key <path>', 'only the text at this path, / between its parts')
    .addOption(jsonOption())
    .action(async (file: string, options: FileFlags & { output?: string; key?: string }) => {
      const { decryptFile } = await import('../sops/file.ts');
      const { contentAt } = await import('../sops/content.ts');
      const { SecretsError } = await import('../errors.ts');
      const bytes = await readInput(file);
      const identities = await gatherIdentities(options.identity);
      const opened = await decryptFile(bytes, {
        file,
        identities,
        ...(options.format && { format: options.format }),
      });
      const content = contentAt(opened, options.key);
      if (content === undefined) {
        throw new SecretsError('KEY_NOT_FOUND', 'there is no text at this key', { file, key: options.key });
      }
      const written = options.output !== undefined && options.output !== '-';
      if (written || options.json !== true)
        await writeOutput(options.output, content, { newMode: 0o600, mode: 0o600 });
      if (options.json !== true) return;
      const { format, metadata } = opened;
      const recipients = metadata.groups.flatMap(({ age }) => age.map(({ recipient }) => recipient));
      const what = written ? { output: options.output } : encoded(content);
      print(true, { file, format, recipients, lastModified: metadata.lastModified, ...what }, () => []);
    });
}

/** Text as it is, and other bytes in base64. */
function encoded(content: Uint8Array): { encoding: 'utf8' | 'base64'; content: string } {
  const bytes = Buffer.from(content);
  const encoding = isUtf8(bytes) ? 'utf8' : 'base64';
  return { encoding, content: bytes.toString(encoding) };
}
