import { readFile } from 'node:fs/promises';
import { buffer as readBytes } from 'node:stream/consumers';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { RigConfig } from '../config/rig-config.ts';
import type { Requests } from '../control/requests.ts';
import { type CommonOptions, configOf, print, withCommonOptions } from './common.ts';

/** The commands that ask the supervisor for something. */
export function addControlCommands(program: Command): void {
  withCommonOptions(program.command('start'))
    .argument('[loops...]', 'default: all loops')
    .description('start loops, now and after every reboot; also lifts a hold and what blocked them')
    .action((names: string[], options: CommonOptions) => change('start', names, options));
  withCommonOptions(program.command('stop'))
    .argument('[loops...]', 'default: all loops')
    .description('stop loops and keep them stopped after a reboot')
    .action((names: string[], options: CommonOptions) => change('stop', names, options));
  withCommonOptions(program.command('restart'))
    .argument('[loops...]', 'default: all loops')
    .option('--fresh', 'begin a new session instead of resuming')
    .description('stop loops and start them again')
    .action((names: string[], options: CommonOptions & { fresh?: true }) =>
      change('restart', names, options, { fresh: options.fresh === true }),
    );
  withCommonOptions(program.command('down'))
    .description('stop all loops and end the supervisor; the next up starts them again')
    .action(async (options: CommonOptions) => {
      await ask(options, 'end', { reason: 'loops down', stop: true });
      await print(options, {}, 'down');
    });
  withCommonOptions(program.command('prompt'))
    .argument('<loop>', 'the loop that is told')
    .argument('[text]', 'default: standard input')
    .option('-f, --file <path>', 'read the text from a file')
    .option('--id <id>', 'deliver the text once for each id (default: a new id)')
    .description("type a text into an agent's terminal, byte for byte, and submit it once")
    .action(
      async (
        name: string,
        text: string | undefined,
        options: CommonOptions & { file?: string; id?: string },
      ) => {
        const { randomUUID } = await import('node:crypto');
        const content = await promptText(text, options.file);
        const params = {
          name,
          text: Buffer.from(content).toString('base64'),
          id: options.id ?? randomUUID(),
        };
        await print(options, await ask(options, 'prompt', params), '');
      },
    );
}

async function promptText(text: string | undefined, file: string | undefined): Promise<string | Uint8Array> {
  if (text !== undefined && file !== undefined) throw new UsageError('give a text or --file, not both');
  if (file !== undefined) return readFile(file);
  return text ?? readBytes(process.stdin);
}

/** Asks the rig's supervisor. */
export async function ask<Method extends keyof Requests>(
  options: CommonOptions,
  method: Method,
  params: Requests[Method]['params'],
): Promise<Requests[Method]['result']> {
  const { askRig } = await import('../control/ask-rig.ts');
  return withInterrupts((signal) => askRig(options.config, method, params, { signal }));
}

async function change(
  method: 'start' | 'stop' | 'restart',
  names: readonly string[],
  options: CommonOptions,
  more: { readonly fresh?: boolean } = {},
): Promise<void> {
  const config = await configOf(options);
  const { LoopsError } = await import('../errors.ts');
  try {
    // Which loops are all of them the supervisor says: its config may be an older one.
    const status = await ask(options, method, { ...(names.length > 0 ? { names } : {}), ...more });
    const all = status.loops.map(({ name }) => name);
    await print(options, status, `${method}: ${(names.length > 0 ? names : all).join(', ')}`);
  } catch (error) {
    if (!(error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT') || method === 'restart')
      throw error;
    const chosen = names.length > 0 ? names : config.loops.map(({ name }) => name);
    await changeOffline(config, method, chosen, options);
  }
}

async function changeOffline(
  config: RigConfig,
  method: 'start' | 'stop',
  names: readonly string[],
  options: CommonOptions,
): Promise<void> {
  const [{ recordQuiesced, recordWanted }, { readRigStatus }] = await Promise.all([
    import('../rig/offline.ts'),
    import('../rig/read-rig-status.ts'),
  ]);
  await recordWanted(config, names, method === 'start');
  if (method === 'start') await recordQuiesced(config, false);
  const lines = ['recorded; no supervisor runs (loops up starts one)'];
  if (method === 'stop') {
    const [{ endLoops }, { keepClones }] = await Promise.all([
      import('../rig/end-loops.ts'),
      import('../rig/keep-clones.ts'),
    ]);
    await endLoops(config, names);
    lines.push(...(await keepClones(config, names)));
  }
  await print(options, await readRigStatus(config), lines.join('\n'));
}
