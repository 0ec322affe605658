import { isUtf8 } from 'node:buffer';
import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { readInput, writeOutput } from '../shared/input.ts';
import { print } from '../shared/options.ts';

interface Flags extends EngineFlags {
  readonly output?: string | undefined;
  readonly key?: string | undefined;
}

/** `secrets decrypt FILE`. */
export function setUpDecrypt(command: Command): Command {
  command
    .argument('<file>', 'a sops file, or - for standard input')
    .option('-o, --output <file>', 'write to this file, mode 0600 (default: standard output)')
    .option('--key <path>', 'only the text at this path, / between its parts');
  return withEngineOptions(command).action(async (file: string, flags: Flags) => {
    const engine = await chosenEngine(flags);
    const bytes = await readInput(file);
    const plaintext = await engine.decrypt(bytes, engineFile(file, flags));
    const content = flags.key === undefined ? plaintext : await textAt(plaintext, flags.key, file, flags);
    const written = flags.output !== undefined && flags.output !== '-';
    if (written || flags.json !== true)
      await writeOutput(flags.output, content, { newMode: 0o600, mode: 0o600 });
    if (flags.json !== true) return;
    const { summaryOf } = await import('../shared/summary.ts');
    const what = written ? { output: flags.output } : encoded(content);
    print(true, { ...(await summaryOf(bytes, engineFile(file, flags))), ...what }, () => []);
  });
}

async function textAt(plaintext: Uint8Array, key: string, file: string, flags: Flags): Promise<Uint8Array> {
  const { formatOf, parsePlain } = await import('../../sops/formats/format.ts');
  const { contentAt } = await import('../../sops/content.ts');
  const documents = await parsePlain(flags.format ?? formatOf(file), plaintext);
  const content = contentAt({ plaintext, documents }, key);
  if (content !== undefined) return content;
  const { SecretsError } = await import('../../errors.ts');
  throw new SecretsError('KEY_NOT_FOUND', 'there is no text at this key', { file, key });
}

/** Text as it is, and other bytes in base64. */
function encoded(content: Uint8Array): { encoding: 'utf8' | 'base64'; content: string } {
  const bytes = Buffer.from(content);
  const encoding = isUtf8(bytes) ? 'utf8' : 'base64';
  return { encoding, content: bytes.toString(encoding) };
}
