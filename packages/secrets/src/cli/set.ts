import { readFile } from 'node:fs/promises';
import { UsageError } from '@cutover/command-line';
import { Command } from 'commander';
import { gatherIdentities } from './identities.ts';
import { readInput } from './input.ts';
import { type FileFlags, formatOption, identityOption, jsonOption, parsePath } from './options.ts';
import { replaceIfChanged, reportChanges } from './replace.ts';

/** `secrets set FILE PATH` and `secrets unset FILE PATH`. */
export function setCommand(): Command {
  return new Command('set')
    .description('set one value; it is read from standard input, never from the arguments')
    .argument('<file>')
    .argument('<path>', 'keys, / between them')
    .addOption(formatOption())
    .addOption(identityOption())
    .addOption(jsonOption())
    .option('--json-value', 'the input is JSON: a number, a boolean, a list, a map')
    .option('--keep-newline', 'keep a newline at the end of the input')
    .action(
      async (
        file: string,
        path: string,
        flags: FileFlags & { jsonValue?: boolean; keepNewline?: boolean },
      ) => {
        const { setInFile } = await import('../sops/edit.ts');
        const { str } = await import('../sops/tree.ts');
        const text = Buffer.from(await readInput('-')).toString('utf8');
        const value =
          flags.jsonValue === true
            ? await jsonValue(text)
            : str(flags.keepNewline === true ? text : text.replace(/\n$/, ''));
        const options = {
          file,
          identities: await gatherIdentities(flags.identity),
          ...(flags.format && { format: flags.format }),
        };
        const edited = await setInFile(await readFile(file), parsePath(path), value, options);
        reportChanges(flags.json, [await replaceIfChanged(file, edited)]);
      },
    );
}

export function unsetCommand(): Command {
  return new Command('unset')
    .description('remove one value')
    .argument('<file>')
    .argument('<path>', 'keys, / between them')
    .addOption(formatOption())
    .addOption(identityOption())
    .addOption(jsonOption())
    .action(async (file: string, path: string, flags: FileFlags) => {
      const { unsetInFile } = await import('../sops/edit.ts');
      const options = {
        file,
        identities: await gatherIdentities(flags.identity),
        ...(flags.format && { format: flags.format }),
      };
      const edited = await unsetInFile(await readFile(file), parsePath(path), options);
      reportChanges(flags.json, [await replaceIfChanged(file, edited)]);
    });
}

async function jsonValue(text: string): Promise<import('../sops/tree.ts').TreeValue> {
  const { parseJson } = await import('../sops/formats/json.ts');
  const { valueOf } = await import('../sops/tree.ts');
  const [document] = parseJson(`{"value": ${text}\n}`);
  const value = document === undefined ? undefined : valueOf(document, 'value');
  if (value === undefined) throw new UsageError('standard input is not one JSON value');
  return value;
}
