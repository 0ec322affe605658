import { resolve } from 'node:path';
import { UsageError } from '@cutover/foundation/usage-error';
import { type Command, Option } from 'commander';
import {
  type EngineFile,
  type EngineRules,
  type SopsEngine,
  automaticEngine,
  nativeEngine,
} from '../../sops/engine.ts';
import { gatherIdentities } from './identities.ts';
import { type FileFlags, formatOption, identityOption, jsonOption } from './options.ts';

/** Which engine works on a file, and the sops command for what needs it. */
export interface EngineFlags extends FileFlags {
  readonly engine: 'auto' | 'native' | 'sops';
  readonly sops?: string | undefined;
  readonly sopsVersion?: string | undefined;
}

/** Adds what every command has that works on a file. */
export function withEngineOptions(
  command: Command,
  identity: Option = identityOption(),
  json: Option = jsonOption(),
): Command {
  return command
    .addOption(formatOption())
    .addOption(formatOption('--input-type', 'the same as --format'))
    .on('option:input-type', (format: string) => command.setOptionValue('format', format))
    .addOption(identity)
    .addOption(
      new Option(
        '--engine <engine>',
        'auto: native, and the sops command for files with KMS, PGP, Vault or plugins',
      )
        .choices(['auto', 'native', 'sops'])
        .default('auto'),
    )
    .option('--sops <path>', 'the sops command (default: `sops` of secrets.yaml)')
    .option('--sops-version <version>', 'the version that the sops command must have')
    .addOption(json);
}

export function chosenEngine(flags: EngineFlags): Promise<SopsEngine> | SopsEngine {
  // Once for all files: it may ask for a passphrase, or run a command.
  let identities: ReturnType<typeof gatherIdentities> | undefined;
  const native = nativeEngine(() => (identities ??= gatherIdentities(flags.identity)));
  if (flags.engine === 'native') return native;
  if (flags.engine === 'auto') return automaticEngine(native, () => sopsEngine(flags));
  return sopsEngine(flags).then((engine) => {
    if (engine === undefined)
      throw new UsageError('--engine sops needs --sops and --sops-version, or `sops` in secrets.yaml');
    return engine;
  });
}

async function sopsEngine({ sops, sopsVersion, identity }: EngineFlags): Promise<SopsEngine | undefined> {
  if ((sops === undefined) !== (sopsVersion === undefined))
    throw new UsageError('--sops and --sops-version come together');
  const pinned =
    sops === undefined || sopsVersion === undefined
      ? await pinnedInConfig()
      : { path: sops, version: sopsVersion };
  if (pinned === undefined) return undefined;
  const { sopsBinary } = await import('../../sops/sops-binary.ts');
  return sopsBinary({ version: pinned.version, path: resolve(pinned.path), env: environment(identity) });
}

async function pinnedInConfig(): Promise<{ path: string; version: string } | undefined> {
  const { optionalConfig } = await import('./optional-config.ts');
  return (await optionalConfig(undefined))?.sops;
}

/**
 * sops finds its keys through this environment: all of it, or with a given identity file none of its keys, nor of those
 * at home. It does not run in this folder, so what is named from here is named in full.
 */
function environment(identity: string | undefined): Record<string, string> {
  const given = Object.entries(process.env).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || (identity !== undefined && keys.test(name))) return [];
    return [[name, value !== '' && files.test(name) ? resolve(value) : value]];
  });
  const own = { SOPS_AGE_KEY_FILE: resolve(identity ?? ''), HOME: '/nonexistent' };
  return { ...Object.fromEntries(given), ...(identity !== undefined && own) };
}

const keys = /^(?:SOPS_|AWS_|AZURE_|GOOGLE_|VAULT_|GNUPGHOME$|XDG_CONFIG_HOME$)/;
const files = /^(?:SOPS_AGE_KEY_FILE|SOPS_AGE_SSH_PRIVATE_KEY_FILE|GNUPGHOME)$/;

/** A file's name and format, as an engine takes them, and the `.sops.yaml` that sops's variable names. */
export function engineFile(file: string, { format }: FileFlags): EngineFile & Pick<EngineRules, 'rules'> {
  const rules = process.env['SOPS_CONFIG'];
  return { file, format, rules: rules === '' ? undefined : rules };
}
