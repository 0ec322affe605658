import { isUtf8 } from 'node:buffer';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { EditResult } from '../../sops/edit.ts';
import type { TreeValue } from '../../sops/tree.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { readInput } from '../shared/input.ts';
import { encryptedDocuments } from '../shared/documents.ts';
import { changeFile, reportChanges } from '../shared/replace.ts';
import { parsePath, pathHelp } from '../shared/value-path.ts';

interface Flags extends EngineFlags {
  readonly jsonValue?: boolean | undefined;
  readonly valueStdin?: boolean | undefined;
  readonly keepNewline?: boolean | undefined;
  readonly empty?: boolean | undefined;
}

/** `secrets set FILE PATH`. */
export function setUpSet(command: Command): Command {
  command
    .argument('<file>', 'a sops file')
    .argument('<path>', pathHelp)
    .allowExcessArguments()
    .option('--json-value', 'the input is JSON: a number, a boolean, a list, a map')
    .option('--value-stdin', 'the same as --json-value')
    .option('--keep-newline', 'keep a newline at the end of the input')
    .option('--empty', 'set an empty value; by default empty input is refused');
  return withEngineOptions(command).action(async (file: string, path: string, flags: Flags) => {
    if (command.args.length > 2)
      throw new UsageError('the value comes on standard input; among the arguments others could see it');
    const value = await valueFrom(await readValue(path), flags);
    const engine = await chosenEngine(flags);
    const named = engineFile(file, flags);
    const edit = async (before: Buffer): Promise<EditResult> =>
      engine.set(before, parsePath(path, await encryptedDocuments(before, named)), value, named);
    reportChanges(flags.json, [await changeFile(file, edit)]);
  });
}

/** Standard input; at a terminal it is asked for, and not shown. */
async function readValue(path: string): Promise<Uint8Array> {
  if (!process.stdin.isTTY) return readInput('-');
  const { askHidden } = await import('../shared/ask-hidden.ts');
  return Buffer.from(await askHidden(`Value of ${path}: `), 'utf8');
}

async function valueFrom(input: Uint8Array, flags: Flags): Promise<TreeValue> {
  if (!isUtf8(input))
    throw new UsageError('the value is not UTF-8 text; encrypt such content as a binary file of its own');
  const text = Buffer.from(input).toString('utf8');
  if (flags.jsonValue === true || flags.valueStdin === true) return jsonValue(text);
  const value = flags.keepNewline === true ? text : text.replace(/\n$/, '');
  if (value === '' && flags.empty !== true)
    throw new UsageError('the input is empty, so nothing was changed; --empty sets an empty value');
  const { str } = await import('../../sops/tree.ts');
  return str(value);
}

async function jsonValue(text: string): Promise<TreeValue> {
  const { parseJson } = await import('../../sops/formats/json.ts');
  const { valueOf } = await import('../../sops/tree.ts');
  const [document] = parseJson(`{"value": ${text}\n}`);
  const value = document === undefined ? undefined : valueOf(document, 'value');
  // `1, "a": 2` would be two.
  if (value === undefined || document?.entries.length !== 1)
    throw new UsageError('standard input is not one JSON value');
  return value;
}
