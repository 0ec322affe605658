import type { Command, CommanderError } from 'commander';
import { addCompletion } from './completion.ts';
import { type DescribedError, describeError } from './describe-error.ts';
import { isErrno } from './errno.ts';
import { escapeControls } from './escape-controls.ts';
import { exitCodes } from './exit-codes.ts';
import { type CommandIo, processIo, write } from './io.ts';
import { InterruptedError } from './interrupts.ts';
import { UsageError } from './usage-error.ts';

export interface RunCommandOptions {
  /** The arguments after the command's name. Default: `process.argv.slice(2)`. */
  readonly argv?: readonly string[];
  readonly io?: CommandIo;
  /** What `--version` prints: the package's version and the commit, see `commandVersion`. */
  readonly version?: string;
  /** The exit code for an error of the command's own, or `undefined` for the shared ones. */
  readonly exitCodeOf?: (error: unknown) => number | undefined;
}

/**
 * Parses the arguments, runs the command's action and returns its exit code. Arguments that are wrong and an action that
 * throws end in one clear message on stderr, and with `--json` also in `{"error": {code, message, causes}}` on stdout.
 * An action may set `process.exitCode` itself; that code is returned when nothing was thrown.
 *
 * @returns the exit code; the caller sets `process.exitCode` with it.
 */
export async function runCommand(program: Command, options: RunCommandOptions = {}): Promise<number> {
  const { argv = process.argv.slice(2), io = processIo, version, exitCodeOf } = options;
  if (version !== undefined) program.version(version, '--version');
  if (program.commands.length > 0) addCompletion(program, io);
  prepare(program, io);
  const reader = watchReader(io);
  try {
    await Promise.race([program.parseAsync([...argv], { from: 'user' }), reader.gone]);
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (error) {
    if (isBrokenPipe(error) && reader.errors.has(error)) return exitCodes.brokenPipe;
    if (isCommanderError(error)) {
      if (error.exitCode === 0) return exitCodes.ok;
      // It has told on stderr itself.
      const message =
        error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
      await reportJson({ code: 'USAGE', message, causes: [] }, argv, io);
      return exitCodes.usage;
    }
    await report(error, program, argv, io);
    return exitCodeOf?.(error) ?? sharedExitCode(error);
  }
}

interface Reader {
  /** Rejects when the output fails and no action deals with that. */
  readonly gone: Promise<never>;
  /** All that the output failed with: an action may have met it first. */
  readonly errors: WeakSet<Error>;
}

/**
 * The reader of our output may go away before its end, as `head` does. An action that listens to the output's errors itself
 * deals with that; one that listens to signals ends as at SIGTERM; any other ends, since its output has no reader.
 */
function watchReader({ stdout }: CommandIo): Reader {
  const errors = new WeakSet<Error>();
  const gone = new Promise<never>((_resolve, reject) => {
    let told = false;
    stdout.on('error', (error) => {
      errors.add(error);
      if (told || stdout.listenerCount('error') > 1) return;
      told = isBrokenPipe(error);
      if (!told || !process.emit('SIGTERM', 'SIGTERM')) reject(error);
    });
  });
  gone.catch(() => undefined);
  return { gone, errors };
}

function isBrokenPipe(error: unknown): error is Error {
  return isErrno(error, 'EPIPE');
}

/** By its code and not its class: a command may bring a commander of its own. */
function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

function sharedExitCode(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof InterruptedError) {
    return error.signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
  }
  return exitCodes.failed;
}

/** Commander must throw rather than exit, and write to our streams, in every subcommand. */
function prepare(command: Command, io: CommandIo): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    // Names from arguments and files may hold control characters.
    writeErr: (text) => void io.stderr.write(escapeControls(text)),
  });
  command.showSuggestionAfterError().showHelpAfterError('(--help shows the options)');
  for (const subcommand of command.commands) prepare(subcommand, io);
}

async function report(
  error: unknown,
  program: Command,
  argv: readonly string[],
  io: CommandIo,
): Promise<void> {
  const described = describeError(error);
  await reportJson(described, argv, io);
  const causes = described.causes.map((cause) => `  because: ${cause}\n`).join('');
  await write(io.stderr, escapeControls(`${program.name()}: ${described.message}\n${causes}`));
  if (process.env['CUTOVER_DEBUG'] === '1' && error instanceof Error) {
    await write(io.stderr, `${error.stack ?? ''}\n`);
  }
}

async function reportJson(
  error: DescribedError,
  argv: readonly string[],
  { stdout }: CommandIo,
): Promise<void> {
  if (argv.includes('--json')) await write(stdout, `${JSON.stringify({ error })}\n`);
}
