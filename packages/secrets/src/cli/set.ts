import { readFile } from 'node:fs/promises';
import { UsageError } from '@cutover/foundation/usage-error';
import { Command } from 'commander';
import type { TreeValue } from '../sops/tree.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from './engine.ts';
import { readInput } from './input.ts';
import { parsePath } from './options.ts';
import { replaceIfChanged, reportChanges } from './replace.ts';

interface SetFlags extends EngineFlags {
  readonly jsonValue?: boolean;
  readonly keepNewline?: boolean;
}

/** `secrets set FILE PATH` and `secrets unset FILE PATH`. */
export function setCommand(): Command {
  const command = new Command('set')
    .description('set one value; it is read from standard input, never from the arguments')
    .argument('<file>')
    .argument('<path>', 'keys, / between them')
    .option('--json-value', 'the input is JSON: a number, a boolean, a list, a map')
    .option('--keep-newline', 'keep a newline at the end of the input');
  return withEngineOptions(command).action(async (file: string, path: string, flags: SetFlags) => {
    const { str } = await import('../sops/tree.ts');
    const text = Buffer.from(await readInput('-')).toString('utf8');
    const value =
      flags.jsonValue === true
        ? await jsonValue(text)
        : str(flags.keepNewline === true ? text : text.replace(/\n$/, ''));
    const engine = await chosenEngine(flags);
    const edited = await engine.set(await readFile(file), parsePath(path), value, engineFile(file, flags));
    reportChanges(flags.json, [await replaceIfChanged(file, edited)]);
  });
}

export function unsetCommand(): Command {
  const command = new Command('unset')
    .description('remove one value')
    .argument('<file>')
    .argument('<path>', 'keys, / between them');
  return withEngineOptions(command).action(async (file: string, path: string, flags: EngineFlags) => {
    const engine = await chosenEngine(flags);
    const edited = await engine.unset(await readFile(file), parsePath(path), engineFile(file, flags));
    reportChanges(flags.json, [await replaceIfChanged(file, edited)]);
  });
}

async function jsonValue(text: string): Promise<TreeValue> {
  const { parseJson } = await import('../sops/formats/json.ts');
  const { valueOf } = await import('../sops/tree.ts');
  const [document] = parseJson(`{"value": ${text}\n}`);
  const value = document === undefined ? undefined : valueOf(document, 'value');
  if (value === undefined) throw new UsageError('standard input is not one JSON value');
  return value;
}
