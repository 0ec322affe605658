import { UsageError } from '@cutover/foundation/usage-error';
import { type Command, Option } from 'commander';
import { type SelectionRule, selectionKinds } from '../../sops/selection.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { inTurn, readInput, writeOutput } from '../shared/input.ts';
import { print, recipientOption } from '../shared/options.ts';

interface Flags extends EngineFlags {
  readonly recipient?: string[] | undefined;
  readonly age?: string[] | undefined;
  readonly output?: string | undefined;
  readonly inPlace?: boolean | undefined;
  readonly rules?: string | undefined;
  readonly as?: string | undefined;
  readonly macOnlyEncrypted?: boolean | undefined;
}

/** `secrets encrypt FILE`. */
export function setUpEncrypt(command: Command): Command {
  command
    .argument('<file>', 'a plain file, or - for standard input')
    .addOption(
      recipientOption(
        '-r, --recipient <recipient>',
        'age1…, ssh-ed25519 … or ssh-rsa …; several with commas, or repeat the option (default: $SOPS_AGE_RECIPIENTS, else those of .sops.yaml)',
      ),
    )
    .addOption(recipientOption('-a, --age <recipient>', 'the same as --recipient'))
    .option('--rules <file>', 'read this .sops.yaml instead of looking for one')
    .option('--as <file>', 'the name that decides format and rule, for standard input')
    .option('--filename-override <file>', 'the same as --as')
    .on('option:filename-override', (file: string) => command.setOptionValue('as', file))
    .option('-o, --output <file>', 'write to this file (default: standard output)')
    .option('-i, --in-place', 'replace the plain file')
    .option('--mac-only-encrypted', 'the MAC covers the encrypted values only');
  for (const kind of selectionKinds)
    command.addOption(new Option(`--${kind.replaceAll('_', '-')} <text>`, `as ${kind} of .sops.yaml`));
  const identity = new Option('--identity <file>', 'the sops command gets this identity file and no other');
  return withEngineOptions(command, identity).action(async (file: string, flags: Flags) => {
    const { as: name = file, rules } = flags;
    if (name === '-' && flags.format === undefined)
      throw new UsageError('standard input has no name: say what it is by --format or --as');
    if (flags.inPlace === true && (flags.output !== undefined || file === '-'))
      throw new UsageError('--in-place replaces the named file, so it goes with neither --output nor -');
    const engine = await chosenEngine(flags);
    const named = engineFile(name, flags);
    const output = flags.inPlace === true ? file : flags.output;
    const written = output !== undefined && output !== '-';
    const encrypted = await inTurn(flags.inPlace, file, async () => {
      const made = await engine.encrypt(await readInput(file), {
        ...named,
        recipients: recipientsOf(flags),
        rules: rules ?? named.rules,
        selection: selectionOf(flags),
        macOnlyEncrypted: flags.macOnlyEncrypted,
      });
      if (written || flags.json !== true) await writeOutput(output, made, { newMode: 0o644 });
      return made;
    });
    if (flags.json !== true) return;
    const content = written ? { output } : { content: Buffer.from(encrypted).toString('utf8') };
    const { summaryOf } = await import('../shared/summary.ts');
    print(true, { ...(await summaryOf(encrypted, engineFile(name, flags))), ...content }, () => []);
  });
}

function recipientsOf({ recipient, age, rules }: Flags): string[] | undefined {
  if (recipient !== undefined || age !== undefined) return [...(recipient ?? []), ...(age ?? [])];
  const named = rules === undefined ? process.env['SOPS_AGE_RECIPIENTS'] : undefined;
  const found =
    named
      ?.split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '') ?? [];
  return found.length === 0 ? undefined : found;
}

/** The one selection rule of the options. */
function selectionOf(flags: object): SelectionRule | undefined {
  const given = selectionKinds.flatMap((kind): SelectionRule[] => {
    const option = kind.replaceAll(/_(.)/g, (_all, letter: string) => letter.toUpperCase());
    const value: unknown = Reflect.get(flags, option);
    return typeof value === 'string' ? [{ kind, value }] : [];
  });
  if (given.length > 1)
    throw new UsageError(
      `a file has one selection rule: give one of ${given.map(({ kind }) => `--${kind.replaceAll('_', '-')}`).join(', ')}`,
    );
  return given[0];
}
