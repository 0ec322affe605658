import { type DescribedError, describeError } from '@cutover/foundation/describe-error';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';
import { UsageError } from '@cutover/foundation/usage-error';
import type { CommandExit, Host } from '@cutover/host';

import type { DeployConfig } from '../../config/schema.ts';
import { inParallel } from '../../fleet/in-parallel.ts';
import { asRoot, script } from '../../target/script.ts';
import { chosenMembers } from '../shared/chosen-members.ts';
import { printable } from '../shared/printable.ts';
import type { ExecFlags } from './command.ts';
import { eachLine } from './each-line.ts';

/** `nix-deploy exec`. Its exit code is 1 where the command failed, or could not be run, on one of the targets. */
export async function runExec(argv: readonly string[], flags: ExecFlags): Promise<void> {
  const { members, config } = await chosenMembers(flags.on ?? [], flags);
  if (flags.on === undefined) requireCommand(argv, config);
  let failed = false;
  await withInterrupts(async (signal) => {
    await inParallel(
      members,
      flags.parallel,
      () => signal.aborted,
      async ({ target, options: { sudo = false } }) => {
        const tell = telling(target.name, flags.json === true);
        try {
          await using host = await target.connect(signal);
          const command = asRoot(script('exec', 'exec "$@"', ...argv), { sudo });
          const { exitCode, signal: killedBy } = await runShown(host, command, tell, signal);
          await tell({ type: 'ended', exitCode, signal: killedBy });
          if (exitCode !== 0) failed = true;
        } catch (error) {
          signal.throwIfAborted();
          failed = true;
          await tell({ type: 'failed', error: describeError(error) });
        }
      },
    );
    signal.throwIfAborted();
  });
  if (failed) process.exitCode = 1;
}

/** Without `--on`, a target in the place of the command would be run as a command everywhere. @throws {UsageError} */
function requireCommand([word = '']: readonly string[], config: DeployConfig): void {
  const isTarget = Object.hasOwn(config.targets, word) || word.startsWith('@');
  if (!isTarget) return;
  throw new UsageError(
    `${word} is a target, and exec takes targets with --on: exec --on ${word} -- COMMAND (--on '*' for all of them)`,
  );
}

/** What a target's command says, line by line: it may go on until it is interrupted. */
type ExecEvent =
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly line: string }
  | ({ readonly type: 'ended' } & CommandExit)
  | { readonly type: 'failed'; readonly error: DescribedError };

type Tell = (event: ExecEvent) => Promise<void>;

/** Writes what happens on a target, as JSON or for people to read. */
function telling(target: string, json: boolean): Tell {
  return async (event) => {
    if (json) return write(processIo.stdout, `${JSON.stringify({ target, ...event })}\n`);
    switch (event.type) {
      case 'output':
        return write(processIo[event.stream], `${target}: ${event.line}\n`);
      case 'failed':
        return write(processIo.stderr, printable(`${target}: ${event.error.message}\n`));
      case 'ended':
        if (event.exitCode === 0) return;
        return write(processIo.stderr, `${target}: ended with ${event.exitCode ?? event.signal}\n`);
    }
  };
}

async function runShown(
  host: Host,
  command: readonly string[],
  tell: Tell,
  signal: AbortSignal,
): Promise<CommandExit> {
  await using stream = host.stream(command, { signal });
  stream.stdin.end();
  await Promise.all(
    (['stdout', 'stderr'] as const).map((name) =>
      eachLine(stream[name], (line) => tell({ type: 'output', stream: name, line })),
    ),
  );
  return await stream.exit;
}
