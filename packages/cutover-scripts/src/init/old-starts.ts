import type { OldRigFacts } from './old-rig-facts.ts';

/** How the old rig is started and stopped, of what its units and its crontab say. */
export interface OldStarts {
  readonly start: readonly string[];
  readonly stop: readonly string[];
  /** Text that marks the rig's lines in the crontab. */
  readonly cronMatch: string | undefined;
}

/** Finds the commands that start and stop the rig of a workspace. */
export function findStarts(workspace: string, { units, cron }: OldRigFacts): OldStarts {
  const lines = cron.map((line) => line.split(/\s+/));
  const scripts = lines.map((words) => words.find((word) => word.startsWith(`${workspace}/`)) ?? '');
  const index = lines.findIndex((words, at) => words.includes('start') && scripts[at] !== '');
  const unit = units.find(({ start }) => start.some((word) => word.startsWith(`${workspace}/`)));
  const start = unit?.start ?? (index === -1 ? [] : [scripts[index] ?? '', 'start']);
  const stop =
    unit !== undefined && unit.stop.length > 0
      ? unit.stop
      : start.at(-1) === 'start'
        ? [...start.slice(0, -1), 'stop']
        : [];
  const [marked] = scripts.filter((script) => script !== '');
  return { start, stop, cronMatch: marked?.slice(workspace.length + 1) };
}
