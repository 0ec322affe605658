import { describeError } from '@cutover/foundation/describe-error';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';
import { UsageError } from '@cutover/foundation/usage-error';

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
          const {
            exitCode,
            signal: killedBy,
            stdout,
            stderr,
          } = await host.run(command, { reject: false, signal });
          if (exitCode !== 0) failed = true;
          const result = { target: target.name, exitCode, signal: killedBy, stdout, stderr };
          if (flags.json === true) return await write(processIo.stdout, `${JSON.stringify(result)}\n`);
          await write(processIo.stdout, named(target.name, stdout));
          await write(processIo.stderr, named(target.name, stderr));
          if (exitCode !== 0) {
            await write(processIo.stderr, `${target.name}: ended with ${exitCode ?? killedBy}\n`);
          }
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

function named(name: string, text: string): string {
  return text === '' ? '' : text.trimEnd().replaceAll(/^/gm, `${name}: `).concat('\n');
}
