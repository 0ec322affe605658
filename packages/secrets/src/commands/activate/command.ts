import type { Command } from 'commander';
import type { ActivationReport } from '../../activate/activate.ts';

/** `secrets activate MANIFEST`: runs on the target host itself. */
export function setUpActivate(command: Command): Command {
  return command
    .argument('<manifest>', 'a manifest of sops-nix')
    .option('--no-units', 'do not restart or reload units')
    .option('--ignore-accounts', "leave every file this user's own")
    .option('--json', 'print the report as JSON')
    .action(
      async (manifest: string, options: { units: boolean; ignoreAccounts?: boolean; json?: boolean }) => {
        const { activate } = await import('../../activate/activate.ts');
        const report = await activate({
          manifest,
          noUnits: !options.units,
          ignoreAccounts: options.ignoreAccounts ?? false,
        });
        if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
        else process.stdout.write(`${activationLine(report)}\n`);
      },
    );
}

function activationLine(report: ActivationReport): string {
  const { generation, backing, added, changed, removed, restarted, reloaded, queued, dry } = report;
  const counts = `${added.length} added, ${changed.length} changed, ${removed.length} removed`;
  const told = (did: string, will: string, units: readonly string[]): string[] =>
    units.length === 0 ? [] : [`${queued || dry ? will : did} ${units.join(', ')}`];
  return [
    `generation ${generation} ${dry ? 'would be made' : `on ${backing}`}: ${counts}`,
    ...told('restarted', 'to restart', restarted),
    ...told('reloaded', 'to reload', reloaded),
  ].join('; ');
}
