import { resolve } from 'node:path';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { Finding } from '../../scan/scan-git.ts';
import { exitCodes } from '../exit-codes.ts';
import { type SshFlags, openSources, withHosts, withSshOptions } from '../shared/host.ts';
import { defaultConfig, optionalConfig } from '../shared/optional-config.ts';
import { configOption, jsonOption, print } from '../shared/options.ts';

interface Flags extends SshFlags {
  readonly host: string;
  readonly config?: string | undefined;
  readonly from?: string[] | undefined;
  readonly json?: boolean | undefined;
}

/** `secrets scan`. */
export function setUpScan(command: Command): Command {
  command
    .argument('[directory]', 'a working tree or a bare repository', '.')
    .option('--host <host>', 'where it is: local, or user@host', 'local')
    .addOption(configOption())
    .option(
      '--from <host...>',
      "read the config's secrets here and look for them too (default: patterns only)",
    );
  return withSshOptions(command)
    .addOption(jsonOption())
    .action(async (directory: string, flags: Flags) => {
      const { scanGit } = await import('../../scan/scan-git.ts');
      const { knownValues } = await import('../../scan/needles.ts');
      const { collect } = await import('../../move/collect.ts');
      const { from } = flags;
      const config = await optionalConfig(flags.config);
      if (from !== undefined && config === undefined)
        throw new UsageError(`there is no ${defaultConfig} here; name the config with --config`);
      const report = await withHosts(flags, (open) =>
        withInterrupts(async (signal) => {
          const secrets =
            from === undefined || config === undefined
              ? []
              : await collect(openSources(from, open), config.secrets, { signal });
          const path = flags.host === 'local' ? resolve(directory) : directory;
          return scanGit({ host: open(flags.host), path, knownValues: knownValues(secrets), signal });
        }),
      );
      print(flags.json, report, () => [
        ...report.findings.map(findingLine),
        `${report.objects} objects and ${report.files} files looked through, ${report.findings.length} findings`,
      ]);
      if (report.findings.length > 0) process.exitCode = exitCodes.findings.code;
    });
}

function findingLine(finding: Finding): string {
  const what = finding.kind === 'pattern' ? finding.pattern : `${finding.secret} (${finding.encoding})`;
  return `${finding.type ?? finding.where} ${finding.id}: ${what}`;
}
