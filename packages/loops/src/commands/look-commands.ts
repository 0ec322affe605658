import { withInterrupts } from '@cutover/foundation/interrupts';
import { type Command, Option } from 'commander';
import { rigEventTypes } from '../events/rig-event.ts';
import { chooseLoop } from './choose-loop.ts';
import { type CommonOptions, configOf, countOf, print, withCommonOptions } from './common.ts';
import { paintFor } from './colors.ts';
import { eventLine, statusText } from './view.ts';

interface HistoryOptions {
  readonly last: string;
  readonly loop?: string | undefined;
  readonly event?: readonly string[] | undefined;
}

interface LogOptions extends CommonOptions {
  readonly bytes: string;
  readonly follow?: true | undefined;
  readonly raw?: true | undefined;
}

/** The commands that only look. */
export function addLookCommands(program: Command): void {
  withCommonOptions(program.command('status'))
    .option('-w, --watch', 'keep the screen current; with --json, one line for each change')
    .description('show which loops run, and why the others do not')
    .action(async (options: CommonOptions & { watch?: true }) => {
      if (options.watch === true) {
        const { watchStatus } = await import('./watch-status.ts');
        const config = await configOf(options);
        await withInterrupts((signal) => watchStatus(config, options, signal));
        return;
      }
      const { readStatusOf } = await import('../rig/read-rig-status.ts');
      const status = await withInterrupts((signal) => readStatusOf(options.config, { signal }));
      await print(options, status, statusText(status, { paint: paintFor(process.stdout) }));
    });
  withCommonOptions(program.command('history'))
    .option('-n, --last <count>', 'number of events from the end', '50')
    .option('--loop <name>', 'only events of this loop')
    .addOption(new Option('--event <type...>', 'only events of these types').choices(rigEventTypes))
    .description('show what the supervisor did, saw and decided, and why')
    .action(async (options: CommonOptions & HistoryOptions) => {
      const { readHistory } = await import('../events/read-history.ts');
      const events = (await readHistory(await configOf(options)))
        .filter((event) => options.loop === undefined || ('loop' in event && event.loop === options.loop))
        .filter(({ type }) => options.event === undefined || options.event.includes(type));
      const last = events.slice(Math.max(0, events.length - countOf(options.last, '--last')));
      await print(options, last, last.map(eventLine).join('\n'));
    });
  withCommonOptions(program.command('metrics'))
    .option('--out <file>', 'write the metrics to a file, for a textfile collector for example')
    .description("show the status in Prometheus' text format")
    .action(async (options: CommonOptions & { out?: string }) => {
      const [{ readStatusOf }, { metricsText }, { writeFileDurably }] = await Promise.all([
        import('../rig/read-rig-status.ts'),
        import('../control/metrics.ts'),
        import('@cutover/foundation/durable-file'),
      ]);
      const text = metricsText(await withInterrupts((signal) => readStatusOf(options.config, { signal })));
      if (options.out === undefined) await print(options, { metrics: text }, text.trimEnd());
      else await writeFileDurably(options.out, text, { mode: 0o644 });
    });
  withCommonOptions(program.command('attach'))
    .argument('[loop]', 'default: the only loop')
    .option('-r, --read-only', 'only look; no key but the detach key does anything')
    .description("open an agent's terminal; Ctrl-b d leaves it")
    .action(async (name: string | undefined, options: CommonOptions & { readOnly?: true }) => {
      const { attach } = await import('./attach.ts');
      const config = await configOf(options);
      process.exitCode = await attach(config, chooseLoop(config, name).name, options.readOnly === true);
    });
  withCommonOptions(program.command('logs'))
    .argument('[loop]', 'default: the only loop')
    .option('-f, --follow', 'follow the output as the agent writes')
    .option('-n, --bytes <count>', 'number of bytes from the end', '65536')
    .option('--raw', 'keep the control sequences of the terminal')
    .description('show the output of an agent')
    .action(async (name: string | undefined, options: LogOptions) => {
      const [{ showLog }, { logPath }] = await Promise.all([
        import('./show-log.ts'),
        import('../supervisor/starting/logger.ts'),
      ]);
      const config = await configOf(options);
      await withInterrupts((signal) =>
        showLog(logPath(config, chooseLoop(config, name).name), {
          bytes: countOf(options.bytes, '--bytes'),
          follow: options.follow === true,
          raw: options.raw === true,
          signal,
        }),
      );
    });
}
