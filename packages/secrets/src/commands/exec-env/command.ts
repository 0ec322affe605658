import type { Command } from 'commander';
import { SecretsError, withFile } from '../../errors.ts';
import type { Documents } from '../../sops/tree.ts';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';
import { identityOption, jsonOption } from '../shared/options.ts';

/** `secrets exec-env FILE COMMAND…`. */
export function setUpExecEnv(command: Command): Command {
  command
    .argument('<file>', 'a sops file of keys and values')
    .argument('<command...>', 'a command and its arguments; one word alone is a command line of the shell')
    .passThroughOptions()
    .option('--pristine', 'give the command these variables only');
  const json = jsonOption('print an error of our own as JSON');
  return withEngineOptions(command, identityOption(), json).action(
    async (file: string, words: string[], flags: EngineFlags & { pristine?: boolean }) => {
      const { readInput } = await import('../shared/input.ts');
      const { formatOf, parsePlain } = await import('../../sops/formats/format.ts');
      const { runChild } = await import('../shared/run-child.ts');
      const engine = await chosenEngine(flags);
      const named = engineFile(file, flags);
      const plaintext = await engine.decrypt(await readInput(file), named);
      const variables = await variablesOf(await parsePlain(named.format ?? formatOf(file), plaintext), file);
      process.exitCode = await runChild(words, {
        ...(flags.pristine === true ? {} : process.env),
        ...variables,
      });
    },
  );
}

async function variablesOf([document]: Documents, file: string): Promise<Record<string, string>> {
  const { scalarText } = await import('../../sops/formats/scalar-text.ts');
  const entries = (document?.entries ?? []).flatMap((item) => {
    if (item.type !== 'entry') return [];
    const { key, value } = item;
    if (value.type === 'map' || value.type === 'list')
      throw new SecretsError('UNSUPPORTED', 'a variable holds text, and this is a list or a map', {
        file,
        key,
      });
    if (key.includes('=') || key.includes('\0'))
      throw new SecretsError('UNSUPPORTED', 'this key cannot be the name of a variable', { file, key });
    const text = withFile(file, () => scalarText(value));
    if (text.includes('\0'))
      throw new SecretsError('UNSUPPORTED', 'a variable cannot hold a NUL', { file, key });
    return [[key, text] as const];
  });
  return Object.fromEntries(entries);
}
