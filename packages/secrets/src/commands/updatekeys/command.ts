import type { Command } from 'commander';
import type { EditResult } from '../../sops/edit.ts';
import { visible } from '../../visible.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { changeFiles, reportChanges } from '../shared/replace.ts';

interface Flags extends EngineFlags {
  readonly rules?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** `secrets updatekeys FILE…`. */
export function setUpUpdatekeys(command: Command): Command {
  command
    .argument('<file...>', 'sops files')
    .option('--rules <file>', 'read this .sops.yaml instead of looking for one')
    .option('-y, --yes', 'do not ask at a terminal');
  return withEngineOptions(command).action(async (files: string[], flags: Flags) => {
    const engine = await chosenEngine(flags);
    const done = await changeFiles(files, async (before, file) => {
      const given = engineFile(file, flags);
      const named = { ...given, rules: flags.rules ?? given.rules };
      const edited = await engine.updateKeys(before, named);
      return (await agreed(before, edited, named, flags)) ? edited : { bytes: before, changed: false };
    });
    reportChanges(flags.json, done);
  });
}

/** Says who comes in and who goes out, and asks at a terminal. */
async function agreed(
  before: Uint8Array,
  { bytes, changed }: EditResult,
  file: ReturnType<typeof engineFile>,
  { yes, json }: Flags,
): Promise<boolean> {
  if (!changed) return true;
  const { summaryOf } = await import('../shared/summary.ts');
  const [had, has] = [(await summaryOf(before, file)).recipients, (await summaryOf(bytes, file)).recipients];
  const lines = [
    ...has.filter((one) => !had.includes(one)).map((one) => `  + ${one}`),
    ...had.filter((one) => !has.includes(one)).map((one) => `  - ${one}`),
  ];
  if (json !== true)
    process.stderr.write(`${visible(file.file)}:\n${lines.map((line) => `${line}\n`).join('')}`);
  if (yes === true || !process.stdin.isTTY) return true;
  const { createInterface } = await import('node:readline/promises');
  const { ask } = await import('../shared/ask.ts');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  return /^y(?:es)?$/i.test((await ask(prompt, 'Change these keys? (y/N) ')).trim());
}
