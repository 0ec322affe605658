import { readFile } from 'node:fs/promises';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { TreeValue } from '../../sops/tree.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { readInput } from '../shared/input.ts';
import { parsePath } from '../shared/options.ts';
import { replaceIfChanged, reportChanges } from '../shared/replace.ts';

interface Flags extends EngineFlags {
  readonly jsonValue?: boolean | undefined;
  readonly keepNewline?: boolean | undefined;
}

/** `secrets set FILE PATH`. */
export function setUpSet(command: Command): Command {
  command
    .argument('<file>', 'a sops file')
    .argument('<path>', 'the keys to the value, / between them')
    .option('--json-value', 'the input is JSON: a number, a boolean, a list, a map')
    .option('--keep-newline', 'keep a newline at the end of the input');
  return withEngineOptions(command).action(async (file: string, path: string, flags: Flags) => {
    const { str } = await import('../../sops/tree.ts');
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

async function jsonValue(text: string): Promise<TreeValue> {
  const { parseJson } = await import('../../sops/formats/json.ts');
  const { valueOf } = await import('../../sops/tree.ts');
  const [document] = parseJson(`{"value": ${text}\n}`);
  const value = document === undefined ? undefined : valueOf(document, 'value');
  if (value === undefined) throw new UsageError('standard input is not one JSON value');
  return value;
}
