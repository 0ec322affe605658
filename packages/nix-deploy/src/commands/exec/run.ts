import type { Readable, Writable } from 'node:stream';

import { describeError } from '@cutover/foundation/describe-error';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';
import { UsageError } from '@cutover/foundation/usage-error';
import type { CommandExit, Host } from '@cutover/host';

import type { DeployConfig } from '../../config/schema.ts';
import { inParallel } from '../../fleet/in-parallel.ts';
import { asRoot, script } from '../../target/script.ts';
import { chosenMembers } from '../shared/chosen-members.ts';
import type { ExecFlags } from './command.ts';

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
        try {
          await using host = await target.connect(signal);
          const command = asRoot(script('exec', 'exec "$@"', ...argv), { sudo });
          const ended =
            flags.json === true
              ? await runToJson(host, target.name, command, signal)
              : await runShown(host, target.name, command, signal);
          if (ended.exitCode !== 0) failed = true;
        } catch (error) {
          signal.throwIfAborted();
          failed = true;
          const described = describeError(error);
          if (flags.json === true) {
            await write(processIo.stdout, `${JSON.stringify({ target: target.name, error: described })}\n`);
          } else await write(processIo.stderr, `${target.name}: ${described.message}\n`);
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

async function runToJson(
  host: Host,
  name: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<CommandExit> {
  const result = await host.run(command, { reject: false, signal });
  const { exitCode, signal: killedBy, stdout, stderr } = result;
  const line = { target: name, exitCode, signal: killedBy, stdout, stderr };
  await write(processIo.stdout, `${JSON.stringify(line)}\n`);
  return result;
}

/** Each line is shown when it comes: a command may go on until it is interrupted. */
async function runShown(
  host: Host,
  name: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<CommandExit> {
  await using stream = host.stream(command, { signal });
  stream.stdin.end();
  await Promise.all([
    showLines(stream.stdout, processIo.stdout, name),
    showLines(stream.stderr, processIo.stderr, name),
  ]);
  const ended = await stream.exit;
  if (ended.exitCode !== 0) {
    await write(processIo.stderr, `${name}: ended with ${ended.exitCode ?? ended.signal}\n`);
  }
  return ended;
}

async function showLines(from: Readable, to: Writable, name: string): Promise<void> {
  from.setEncoding('utf8');
  let rest = '';
  for await (const chunk of from) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) await write(to, lines.map((line) => `${name}: ${line}\n`).join(''));
  }
  if (rest !== '') await write(to, `${name}: ${rest}\n`);
}
