import { unlessAbsent } from '@cutover/foundation/errno';
import { execa, ExecaError } from 'execa';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { SecretsError, type SecretsErrorCode } from '../errors.ts';
import { privateDirectory } from '../files/private-directory.ts';
import { selectionFor } from './creation-rules.ts';
import { findConfig } from './find-config.ts';
import type { EditResult } from './edit.ts';
import type { EngineFile, SopsEngine } from './engine.ts';
import { formatOf, parseEncrypted } from './formats/format.ts';
import { indexText, jsonText } from './sops-arguments.ts';

/** The one sops command that may be run, and what it may see. */
export interface SopsBinaryOptions {
  /** Absolute: nothing is looked for on PATH. */
  readonly path: string;
  /** The exact version it must report, e.g. `3.13.2`; 3.11 or later. */
  readonly version: string;
  /** The environment it gets, and nothing else: keys of KMS, PGP and Vault are found through it. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; default 60,000. */
  readonly timeout?: number | undefined;
}

/**
 * Opens the sops command, for what this package does not do itself, after checking its version. Plain text goes by
 * pipes; what sops changes in place is a copy of the encrypted file.
 *
 * @throws {SecretsError} `BINARY_FAILED`: not there, or another version than the pinned one. Later also the codes of the
 * native engine, where sops says which.
 */
export async function sopsBinary(options: SopsBinaryOptions): Promise<SopsEngine> {
  const run = (args: readonly string[], file: EngineFile, more: RunOptions = {}): Promise<Uint8Array> =>
    runSops(options, args, file.file, more);
  const said = Buffer.from(await runSops(options, ['--version'], options.path, {})).toString('utf8');
  const version = /^sops (\d+\.\d+\.\d+)/.exec(said)?.[1];
  if (version !== options.version) {
    throw new SecretsError(
      'BINARY_FAILED',
      `it is version ${version ?? 'unknown'}, not ${options.version} as pinned`,
      { file: options.path },
    );
  }
  const index = async (bytes: Uint8Array, path: Parameters<SopsEngine['unset']>[1], file: EngineFile) =>
    indexText(await parseEncrypted(formatFor(file), bytes), path);
  return {
    name: 'sops',
    decrypt(input, file) {
      const name = ['--filename-override', resolve(file.file)];
      return run(
        ['decrypt', ...(file.ignoreMac === true ? ['--ignore-mac'] : []), ...types(file), ...name],
        file,
        { input },
      );
    },
    async encrypt(input, file) {
      const { recipients, rules } = file;
      // Beside given recipients a config counts only where it has a rule: sops refuses one without.
      const config =
        recipients === undefined
          ? (rules ?? (await findConfig(dirname(resolve(file.file)))))
          : (await selectionFor(file.file, rules))?.from;
      const whom = recipients === undefined ? [] : ['--age', recipients.join(',')];
      const from = config === undefined ? [] : ['--config', resolve(config)];
      const name = ['--filename-override', resolve(file.file)];
      const { selection, macOnlyEncrypted } = file;
      const what =
        selection === undefined ? [] : [`--${selection.kind.replaceAll('_', '-')}`, selection.value];
      const mac = macOnlyEncrypted === true ? ['--mac-only-encrypted'] : [];
      return run([...from, 'encrypt', ...whom, ...what, ...mac, ...types(file), ...name], file, { input });
    },
    async set(bytes, path, value, file) {
      const at = await index(bytes, path, file);
      const input = Buffer.from(jsonText(value));
      return onCopy(bytes, file, (copy) =>
        run(['set', '--value-stdin', ...types(file), copy, at], file, { input }),
      );
    },
    async unset(bytes, path, file) {
      const at = await index(bytes, path, file);
      return onCopy(bytes, file, (copy) => run(['unset', ...types(file), copy, at], file));
    },
    async replace(bytes, input, file) {
      // sops edits a plain file in TMPDIR, which has to lie in memory; the editor takes the content from the pipe.
      await using memory = await privateDirectory();
      const again = join(memory.path, 'again');
      const env = {
        EDITOR: `'${process.execPath}' -e '${takeInput}'`,
        TMPDIR: memory.path,
        CUTOVER_EDIT_AGAIN: again,
      };
      const edit = (copy: string): Promise<unknown> =>
        run(['edit', ...types(file), copy], file, { input, env, unchanged: 200 });
      try {
        return await onCopy(bytes, file, edit);
      } catch (error) {
        if ((await readIfThere(`${again}.asked`)) === undefined) throw error;
        const what = 'sops cannot read the edited content, so it was not saved; correct it and try again';
        throw new SecretsError('PARSE_FAILED', what, { file: file.file });
      }
    },
    rotate(bytes, file) {
      const whom = [
        ...(file.add ?? []).flatMap((one) => ['--add-age', one]),
        ...(file.remove ?? []).flatMap((one) => ['--rm-age', one]),
      ];
      return onCopy(bytes, file, (copy) => run(['rotate', '-i', ...whom, ...types(file), copy], file));
    },
    async updateKeys(bytes, file) {
      const config = file.rules ?? (await findConfig(dirname(resolve(file.file))));
      if (config === undefined) {
        throw new SecretsError(
          'RULE_INVALID',
          'no .sops.yaml was found from its folder upward; write one with creation_rules, or name it with --rules',
          {
            file: file.file,
          },
        );
      }
      // The rule is found by the path from the config, so the copy lies below one of the config in the same way.
      const name =
        file.rules === undefined ? relative(dirname(config), resolve(file.file)) : basename(file.file);
      return onCopy(bytes, { ...file, file: name }, async (copy, folder) => {
        await copyFile(config, join(folder, '.sops.yaml'));
        const rules = ['--config', join(folder, '.sops.yaml')];
        await run([...rules, 'updatekeys', '--yes', ...types(file).slice(0, 2), copy], file);
      });
    },
  };
}

/**
 * A whole editor, without a shell and without a PATH. sops opens the editor again on what it cannot read; there is no other
 * content then, so the second time it says so and fails, and sops saves nothing.
 */
const takeInput = [
  'const fs = require("fs"), again = process.env.CUTOVER_EDIT_AGAIN;',
  'if (fs.existsSync(again)) { fs.writeFileSync(again + ".asked", ""); process.exit(1); }',
  'fs.writeFileSync(again, "");',
  'fs.writeFileSync(process.argv[1], fs.readFileSync(0));',
].join(' ');

const readIfThere = (path: string): Promise<Buffer | undefined> => unlessAbsent(readFile(path));

const formatFor = ({ file, format }: EngineFile): ReturnType<typeof formatOf> => format ?? formatOf(file);

const types = (file: EngineFile): string[] => [
  '--input-type',
  formatFor(file),
  '--output-type',
  formatFor(file),
];

/** Lets sops change a copy of an encrypted file, in a folder of this user's alone. */
async function onCopy(
  bytes: Uint8Array,
  { file }: EngineFile,
  action: (copy: string, folder: string) => Promise<unknown>,
): Promise<EditResult> {
  const folder = await mkdtemp(join(tmpdir(), 'secrets-sops-'));
  try {
    const copy = join(folder, resolve('/', file));
    await mkdir(dirname(copy), { recursive: true });
    await writeFile(copy, bytes, { mode: 0o600 });
    await action(copy, folder);
    const after = await readFile(copy);
    return { bytes: after, changed: !after.equals(bytes) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface RunOptions {
  readonly input?: Uint8Array | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** An exit code that says that there was nothing to do. */
  readonly unchanged?: number | undefined;
}

async function runSops(
  { path, env = {}, signal, timeout = 60_000 }: SopsBinaryOptions,
  args: readonly string[],
  file: string,
  { input, env: more, unchanged }: RunOptions,
): Promise<Uint8Array> {
  try {
    const result = await execa(path, args, {
      env: { ...env, ...more },
      extendEnv: false,
      // No .sops.yaml of where this process happens to be.
      cwd: '/',
      encoding: 'buffer',
      stripFinalNewline: false,
      timeout,
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
      ...(signal && { cancelSignal: signal }),
    });
    return result.stdout;
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    if (unchanged !== undefined && error.exitCode === unchanged) return new Uint8Array();
    // sops may print what it could not parse, so neither its output nor the error itself is kept.
    const [code, meaning] = meanings.get(error.exitCode ?? -1) ?? (['BINARY_FAILED'] as const);
    const why = meaning === undefined ? '' : `: ${meaning}`;
    throw new SecretsError(code, `${explain(error, path, timeout)}${why}`, { file });
  }
}

const meanings = new Map<number, readonly [SecretsErrorCode, string]>([
  [51, ['MAC_MISMATCH', 'the MAC does not match']],
  [128, ['NO_IDENTITY', 'no key opens the file']],
  [203, ['ALREADY_ENCRYPTED', 'the file is encrypted already']],
]);

function explain(error: ExecaError, path: string, timeout: number): string {
  if (error.timedOut) return `${path} took longer than ${timeout / 1000} s and was ended`;
  if (error.isCanceled) return `${path} was ended`;
  if (error.exitCode === undefined) return `${path} could not be run (${error.code ?? 'unknown'})`;
  return `${path} ended with exit code ${error.exitCode}`;
}
