import { basename } from 'node:path';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { EngineFile } from '../../sops/engine.ts';
import type { SopsFormat } from '../../sops/formats/format.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { formatOption, identityOption, jsonOption } from '../shared/options.ts';

interface Flags extends EngineFlags {
  readonly filename?: string | undefined;
  readonly outputType?: SopsFormat | undefined;
}

/** `secrets exec-file FILE COMMAND…`: the plain text is a private file on a memory file system while the command runs. */
export function setUpExecFile(command: Command): Command {
  command
    .argument('<file>', 'a sops file')
    .argument('<command...>', 'a command and its arguments, with {} for the path of the plain text')
    .passThroughOptions()
    .option('--filename <name>', 'the name of the plain file (default: that of the sops file)')
    .option('--no-fifo', 'no effect, as for sops users: the plain text is always a file')
    .addOption(
      formatOption('--output-type', 'write the plain text in this format (default: that of the file)'),
    );
  const json = jsonOption('print an error of our own as JSON');
  return withEngineOptions(command, identityOption(), json).action(
    async (file: string, words: string[], flags: Flags) => {
      const { readInput } = await import('../shared/input.ts');
      const { runChild } = await import('../shared/run-child.ts');
      const { privateFile } = await import('../edit/private-file.ts');
      const engine = await chosenEngine(flags);
      const named = engineFile(file, flags);
      const name = basename(flags.filename ?? file);
      if (['', '.', '..'].includes(name)) throw new UsageError('--filename takes the name of a file');
      const plaintext = await inFormat(await engine.decrypt(await readInput(file), named), named, flags);
      await using copy = await privateFile(name, plaintext);
      const filled = words.map((word) => word.replaceAll('{}', copy.path));
      process.exitCode = await runChild(filled, process.env);
    },
  );
}

async function inFormat(
  plaintext: Uint8Array,
  { file, format }: EngineFile,
  { outputType }: Flags,
): Promise<Uint8Array> {
  if (outputType === undefined) return plaintext;
  const { formatOf, parsePlain } = await import('../../sops/formats/format.ts');
  const { converted } = await import('../shared/convert.ts');
  const from = format ?? formatOf(file);
  return converted(await parsePlain(from, plaintext), from, outputType, file);
}
