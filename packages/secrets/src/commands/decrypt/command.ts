import { isUtf8 } from 'node:buffer';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import { visible } from '../../visible.ts';
import type { SopsFormat } from '../../sops/formats/format.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { inTurn, readInput, writeOutput } from '../shared/input.ts';
import { formatOption, print } from '../shared/options.ts';
import { pathHelp } from '../shared/value-path.ts';

interface Flags extends EngineFlags {
  readonly output?: string | undefined;
  readonly extract?: string | undefined;
  readonly key?: string | undefined;
  readonly outputType?: SopsFormat | undefined;
  readonly inPlace?: boolean | undefined;
  readonly ignoreMac?: boolean | undefined;
}

/** `secrets decrypt FILE…`. */
export function setUpDecrypt(command: Command): Command {
  command
    .argument('<file...>', 'sops files, or - for standard input')
    .option('-o, --output <file>', 'write to this file, mode 0600 (default: standard output)')
    .option('--in-place', 'replace the encrypted file by its plain text')
    .option('--extract <path>', `only one value: ${pathHelp}`)
    .option('--key <path>', 'the same as --extract')
    .option('--ignore-mac', 'accept a file that was changed since it was encrypted; for recovery only')
    .addOption(
      formatOption('--output-type', 'write the plain text in this format (default: that of the file)'),
    );
  return withEngineOptions(command).action(async (files: string[], flags: Flags) => {
    if (files.length > 1 && flags.output !== undefined)
      throw new UsageError('--output takes the content of one file; decrypt the others one by one');
    if (flags.inPlace === true && (flags.output !== undefined || files.includes('-')))
      throw new UsageError('--in-place replaces the named files, so it goes with neither --output nor -');
    if (flags.inPlace === true && (flags.extract ?? flags.key) !== undefined)
      throw new UsageError(
        '--in-place with --extract would leave one value of the file; name --output for it',
      );
    const reports: object[] = [];
    for (const file of files) reports.push(await inTurn(flags.inPlace, file, () => decryptOne(file, flags)));
    if (flags.json !== true) return;
    print(true, files.length === 1 ? reports[0] : { files: reports }, () => []);
  });
}

async function decryptOne(file: string, flags: Flags): Promise<object> {
  const engine = await chosenEngine(flags);
  const named = engineFile(file, flags);
  if (file === '-' && flags.format === undefined)
    throw new UsageError('standard input has no name: say what it is by --format');
  if (flags.ignoreMac === true)
    process.stderr.write(
      `WARNING: the MAC of ${visible(file)} is not checked: values may have been added, removed or moved\n`,
    );
  const bytes = await readInput(file);
  const plaintext = await engine.decrypt(bytes, { ...named, ignoreMac: flags.ignoreMac });
  const content = await wanted(plaintext, file, flags);
  const output = flags.inPlace === true ? file : flags.output;
  const written = output !== undefined && output !== '-';
  if (written || flags.json !== true) await writeOutput(output, content, { newMode: 0o600, mode: 0o600 });
  if (flags.json !== true) return {};
  const { summaryOf } = await import('../shared/summary.ts');
  return { ...(await summaryOf(bytes, named)), ...(written ? { output } : encoded(content)) };
}

/** The plain text, or the value or the form of it that was asked for. */
async function wanted(plaintext: Uint8Array, file: string, flags: Flags): Promise<Uint8Array> {
  const { extract = flags.key, outputType } = flags;
  if (extract === undefined && outputType === undefined) return plaintext;
  const { formatOf, parsePlain } = await import('../../sops/formats/format.ts');
  const { converted, extracted } = await import('../shared/convert.ts');
  const format = flags.format ?? formatOf(file);
  const documents = await parsePlain(format, plaintext);
  return extract === undefined
    ? converted(documents, format, outputType ?? format, file)
    : extracted(documents, extract, { file, format, outputType });
}

/** Text as it is, and other bytes in base64. */
function encoded(content: Uint8Array): { encoding: 'utf8' | 'base64'; content: string } {
  const bytes = Buffer.from(content);
  const encoding = isUtf8(bytes) ? 'utf8' : 'base64';
  return { encoding, content: bytes.toString(encoding) };
}
