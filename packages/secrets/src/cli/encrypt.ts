import { Command } from 'commander';
import type { EncryptOptions } from '../sops/file.ts';
import { readInput, writeOutput } from './input.ts';
import { type FileFlags, formatOption, jsonOption, print } from './options.ts';

interface Flags extends FileFlags {
  readonly recipient?: string[];
  readonly output?: string;
  readonly inPlace?: boolean;
  readonly rules?: string;
  readonly as?: string;
}

/** `secrets encrypt FILE`. */
export function encryptCommand(): Command {
  return new Command('encrypt')
    .description('encrypt a file for the recipients of .sops.yaml, or those that are given')
    .argument('<file>', 'a plain file, or - for standard input')
    .addOption(formatOption())
    .option(
      '-r, --recipient <recipient...>',
      'age1…, ssh-ed25519 … or ssh-rsa …; .sops.yaml is not read then',
    )
    .option('--rules <file>', 'read this .sops.yaml instead of looking for one')
    .option('--as <file>', 'the name to take format and rule from, for standard input')
    .option('-o, --output <file>', 'write here instead of to standard output')
    .option('--in-place', 'replace the plain file')
    .addOption(jsonOption())
    .action(async (file: string, flags: Flags) => {
      const { encryptFile } = await import('../sops/file.ts');
      const name = flags.as ?? file;
      const bytes = await readInput(file);
      const options = await rulesFor(name, flags);
      const encrypted = await encryptFile(bytes, {
        file: name,
        ...options,
        ...(flags.format && { format: flags.format }),
      });
      const output = flags.inPlace === true ? file : flags.output;
      const written = output !== undefined && output !== '-';
      if (written || flags.json !== true) await writeOutput(output, encrypted, { newMode: 0o644 });
      if (flags.json !== true) return;
      const content = written ? { output } : { content: Buffer.from(encrypted).toString('utf8') };
      print(true, { file: name, recipients: options.recipients.flat(), ...content }, () => []);
    });
}

async function rulesFor(file: string, { recipient, rules }: Flags): Promise<EncryptOptions> {
  if (recipient !== undefined) return { recipients: recipient };
  const { creationRuleFor } = await import('../sops/creation-rules.ts');
  const found = await creationRuleFor(file, rules);
  const [only = []] = found.recipients;
  return {
    recipients: found.recipients.length === 1 ? only : found.recipients,
    rule: found.rule,
    macOnlyEncrypted: found.macOnlyEncrypted,
    ...(found.shamirThreshold !== undefined && { shamirThreshold: found.shamirThreshold }),
  };
}
