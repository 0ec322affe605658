import { execa, ExecaError } from 'execa';
import { SecretsError } from '../errors.ts';
import type { SopsFormat } from './formats/format.ts';

export interface SopsBinaryOptions {
  /** Absolute: nothing is looked for on PATH. */
  readonly path: string;
  /** The exact version it must report, e.g. `3.13.2`. */
  readonly version: string;
  /** The environment it gets, and nothing else: keys of KMS, PGP and Vault are found through it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Milliseconds; default 60,000. */
  readonly timeout?: number;
}

/** The sops command for what this package does not do itself: KMS, PGP, Vault and plugins. Content goes by pipes only. */
export interface SopsBinary {
  decrypt(bytes: Uint8Array, options: { readonly format: SopsFormat }): Promise<Uint8Array>;
  /** @param config - a `.sops.yaml` whose rule for `file` says for whom. */
  encrypt(
    plaintext: Uint8Array,
    options: { readonly format: SopsFormat; readonly file: string; readonly config: string },
  ): Promise<Uint8Array>;
}

/**
 * Opens a sops command after checking its version.
 *
 * @throws {SecretsError} `BINARY_FAILED`: not there, or another version than the pinned one.
 */
export async function sopsBinary(options: SopsBinaryOptions): Promise<SopsBinary> {
  const run = (args: readonly string[], input?: Uint8Array): Promise<Uint8Array> =>
    runSops(options, args, input);
  const said = Buffer.from(await run(['--version'])).toString('utf8');
  const version = /^sops (\d+\.\d+\.\d+)/.exec(said)?.[1];
  if (version !== options.version) {
    throw new SecretsError(
      'BINARY_FAILED',
      `it is version ${version ?? 'unknown'}, not ${options.version} as pinned`,
      {
        file: options.path,
      },
    );
  }
  const types = (format: SopsFormat): string[] => ['--input-type', format, '--output-type', format];
  return {
    // sops has taken its input from standard input since 3.10.
    decrypt: (bytes, { format }) => run(['decrypt', ...types(format), '--filename-override', 'input'], bytes),
    encrypt: (plaintext, { format, file, config }) =>
      run(['--config', config, 'encrypt', ...types(format), '--filename-override', file], plaintext),
  };
}

async function runSops(
  { path, env = {}, signal, timeout = 60_000 }: SopsBinaryOptions,
  args: readonly string[],
  input: Uint8Array | undefined,
): Promise<Uint8Array> {
  try {
    const result = await execa(path, args, {
      env,
      extendEnv: false,
      encoding: 'buffer',
      stripFinalNewline: false,
      timeout,
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
      ...(signal && { cancelSignal: signal }),
    });
    return result.stdout;
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    // sops may print what it could not parse, so neither its output nor the error itself is kept.
    throw new SecretsError('BINARY_FAILED', explain(error), { file: path });
  }
}

const meanings = new Map<number, string>([
  [51, 'the MAC does not match'],
  [128, 'no key opens the file'],
  [200, 'nothing was changed'],
  [203, 'the file is encrypted already'],
]);

function explain(error: ExecaError): string {
  if (error.timedOut) return 'sops took too long and was ended';
  if (error.isCanceled) return 'sops was ended';
  if (error.exitCode === undefined) return `sops could not be run (${error.code ?? 'unknown'})`;
  const meaning = meanings.get(error.exitCode);
  return `sops ended with exit code ${error.exitCode}${meaning === undefined ? '' : `: ${meaning}`}`;
}
