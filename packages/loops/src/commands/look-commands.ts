import { withInterrupts } from '@cutover/foundation/interrupts';
import type { Command } from 'commander';
import { chooseLoop } from './choose-loop.ts';
import { type CommonOptions, countOf, print, withCommonOptions } from './common.ts';
import { eventLine, statusText } from './view.ts';

interface HistoryOptions {
  readonly last: string;
  readonly loop?: string;
  readonly event?: string[];
}

interface LogOptions extends CommonOptions {
  readonly bytes: string;
  readonly follow?: true;
  readonly raw?: true;
}

/** The commands that only look. */
export function addLookCommands(program: Command): void {
  withCommonOptions(program.command('status'))
    .option('-w, --watch', 'a live screen, renewed by every event; NDJSON with --json')
    .description('what runs, in which phase, and why not')
    .action(async (options: CommonOptions & { watch?: true }) => {
      if (options.watch === true) {
        const { loadRigConfig } = await import('../config/rig-config.ts');
        const { watchStatus } = await import('./watch-status.ts');
        const config = await loadRigConfig(options.config);
        await withInterrupts((signal) => watchStatus(config, options, signal));
        return;
      }
      const { readStatusOf } = await import('../rig/read-rig-status.ts');
      const status = await withInterrupts((signal) => readStatusOf(options.config, signal));
      await print(options, status, statusText(status));
    });
  withCommonOptions(program.command('history'))
    .option('-n, --last <count>', 'so many events from the end', '50')
    .option('--loop <name>', 'only of this loop')
    .option('--event <name...>', 'only of these kinds: phase, exited, up, blocked, stalled …')
    .description('what the supervisor did, saw and decided, and why')
    .action(async (options: CommonOptions & HistoryOptions) => {
      const { loadRigConfig } = await import('../config/rig-config.ts');
      const { readHistory } = await import('../events/read-history.ts');
      const events = (await readHistory(await loadRigConfig(options.config)))
        .filter((event) => options.loop === undefined || ('loop' in event && event.loop === options.loop))
        .filter(({ event }) => options.event === undefined || options.event.includes(event));
      const last = events.slice(Math.max(0, events.length - countOf(options.last, '--last')));
      await print(options, last, last.map(eventLine).join('\n'));
    });
  withCommonOptions(program.command('metrics'))
    .option('--out <file>', 'write it there at once, whole, e.g. for a textfile collector')
    .description("the status in Prometheus' text format")
    .action(async (options: CommonOptions & { out?: string }) => {
      const [{ readStatusOf }, { metricsText }, { replaceFile }] = await Promise.all([
        import('../rig/read-rig-status.ts'),
        import('../control/metrics.ts'),
        import('../atomic-file.ts'),
      ]);
      const text = metricsText(await withInterrupts((signal) => readStatusOf(options.config, signal)));
      if (options.out === undefined) await print(options, { metrics: text }, text.trimEnd());
      else await replaceFile(options.out, text);
    });
  withCommonOptions(program.command('attach'))
    .argument('[loop]', 'the only one without it')
    .option('-r, --read-only', 'look only; keys do nothing but detach')
    .description("put yourself in front of an agent's terminal; Ctrl-b d leaves it")
    .action(async (name: string | undefined, options: CommonOptions & { readOnly?: true }) => {
      const { loadRigConfig } = await import('../config/rig-config.ts');
      const { attach } = await import('./attach.ts');
      const config = await loadRigConfig(options.config);
      process.exitCode = await attach(config, chooseLoop(config, name).name, options.readOnly === true);
    });
  withCommonOptions(program.command('logs'))
    .argument('[loop]', 'the only one without it')
    .option('-f, --follow', 'go on as the agent writes')
    .option('-n, --bytes <count>', 'only so many from the end', '65536')
    .option('--raw', 'with the control sequences of the terminal')
    .description('the output of an agent')
    .action(async (name: string | undefined, options: LogOptions) => {
      const { loadRigConfig } = await import('../config/rig-config.ts');
      const [{ showLog }, { logPath }] = await Promise.all([
        import('./show-log.ts'),
        import('../supervisor/starting/logger.ts'),
      ]);
      const config = await loadRigConfig(options.config);
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
