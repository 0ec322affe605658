import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { readInput, writeOutput } from '../shared/input.ts';
import { print } from '../shared/options.ts';

interface Flags extends EngineFlags {
  readonly recipient?: string[] | undefined;
  readonly output?: string | undefined;
  readonly inPlace?: boolean | undefined;
  readonly rules?: string | undefined;
  readonly as?: string | undefined;
}

/** `secrets encrypt FILE`. */
export function setUpEncrypt(command: Command): Command {
  command
    .argument('<file>', 'a plain file, or - for standard input')
    .option(
      '-r, --recipient <recipient...>',
      'age1…, ssh-ed25519 … or ssh-rsa …; .sops.yaml is not read then',
    )
    .option('--rules <file>', 'read this .sops.yaml instead of looking for one')
    .option('--as <file>', 'the name that decides format and rule, for standard input')
    .option('-o, --output <file>', 'write to this file (default: standard output)')
    .option('--in-place', 'replace the plain file');
  return withEngineOptions(command).action(async (file: string, flags: Flags) => {
    const { as: name = file, recipient, rules } = flags;
    const engine = await chosenEngine(flags);
    const encrypted = await engine.encrypt(await readInput(file), {
      ...engineFile(name, flags),
      recipients: recipient,
      rules,
    });
    const output = flags.inPlace === true ? file : flags.output;
    const written = output !== undefined && output !== '-';
    if (written || flags.json !== true) await writeOutput(output, encrypted, { newMode: 0o644 });
    if (flags.json !== true) return;
    const content = written ? { output } : { content: Buffer.from(encrypted).toString('utf8') };
    const { summaryOf } = await import('../shared/summary.ts');
    print(true, { ...(await summaryOf(encrypted, engineFile(name, flags))), ...content }, () => []);
  });
}
