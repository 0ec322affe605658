import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ReloadReport } from '../control/requests.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';
import { ask } from './control-commands.ts';

/** `loops reload`: an edited config takes effect. */
export function addReloadCommand(program: Command): void {
  withCommonOptions(program.command('reload'))
    .option('--dry-run', 'only show what would change')
    .description(
      'apply the edited config: start new loops, restart those whose command or surroundings changed; with a mistake in it, change nothing',
    )
    .action(async (options: CommonOptions & { dryRun?: true }) => {
      const dryRun = options.dryRun === true;
      const report = await ask(options, 'reload', { path: resolve(options.config), dryRun });
      await print(options, { ...report, dryRun }, reloadText(report, dryRun));
    });
}

function reloadText({ changed, added, removed, restarted, orphans }: ReloadReport, dryRun: boolean): string {
  const lines = [
    ['changed', changed],
    ['new', added],
    ['not in the config any more', removed],
    [dryRun ? 'would restart' : 'restarted', restarted],
  ] as const;
  const shown = lines.filter(([, names]) => names.length > 0);
  const left = orphans.map(
    ({ name, pid }) => `${name} (pid ${pid}) runs on without a config; end it with: loops stop ${name}`,
  );
  if (shown.length + left.length === 0) return 'nothing changed';
  return [...shown.map(([what, names]) => `${what}: ${names.join(', ')}`), ...left].join('\n');
}
