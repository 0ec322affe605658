import { resolve } from 'node:path';
import { UsageError } from '@cutover/foundation/usage-error';
import { Command } from 'commander';
import { type SshFlags, openHost, openSources, withHosts } from './host.ts';
import { configOption, print } from './options.ts';
import { exitCodes } from './exit-codes.ts';

/** `secrets guard`: a pre-commit hook. */
export function guardCommand(): Command {
  return new Command('guard')
    .description('stop a commit whose staged files hold plain secrets; needs no key')
    .option('--repository <directory>', 'the git working tree', '.')
    .option('--json', 'print the findings as JSON')
    .action(async (flags: { repository: string; json?: boolean }) => {
      const { guardStaged } = await import('../guard/guard-staged.ts');
      await using host = openHost('local', {});
      const findings = await guardStaged({ host, repository: resolve(flags.repository) });
      print(flags.json, { findings }, () =>
        findings.map(({ file, problem, detail }) => `${file}: ${problem}: ${detail}`),
      );
      if (findings.length > 0) process.exitCode = exitCodes.findings;
    });
}

/** `secrets scan`. */
export function scanCommand(): Command {
  return new Command('scan')
    .description('look for secrets in every git object, reachable or not')
    .argument('[directory]', 'a working tree or a bare repository', '.')
    .option('--host <host>', 'where it is: local, or user@host', 'local')
    .addOption(configOption())
    .option(
      '--from <host...>',
      'read the known values of the config here; without it only patterns are looked for',
    )
    .option('--ssh-key <file>', 'our ssh key; the agent without it')
    .option('--known-hosts <file>', 'instead of ~/.ssh/known_hosts')
    .option('--json', 'print the report as JSON')
    .action(
      async (
        directory: string,
        flags: SshFlags & { host: string; config: string; from?: string[]; json?: boolean },
      ) => {
        const { scanGit } = await import('../scan/scan-git.ts');
        const { knownValues } = await import('../scan/needles.ts');
        const { collect } = await import('../move/collect.ts');
        const { optionalConfig } = await import('./config.ts');
        const config = await optionalConfig(flags.config);
        if (flags.from !== undefined && config === undefined)
          throw new UsageError(`there is no ${flags.config}`);
        const report = await withHosts(flags, async (open) => {
          const values =
            flags.from === undefined || config === undefined
              ? []
              : knownValues(await collect(openSources(flags.from, open), config.secrets));
          const path = flags.host === 'local' ? resolve(directory) : directory;
          return scanGit({ host: open(flags.host), path, knownValues: values });
        });
        print(flags.json, report, () => [
          ...report.findings.map(
            (finding) =>
              `${finding.type ?? finding.where} ${finding.id}: ${finding.kind === 'pattern' ? finding.pattern : `${finding.secret} (${finding.encoding})`}`,
          ),
          `${report.objects} objects and ${report.files} files looked through, ${report.findings.length} findings`,
        ]);
        if (report.findings.length > 0) process.exitCode = exitCodes.findings;
      },
    );
}

/** `secrets lint`. */
export function lintCommand(): Command {
  return new Command('lint')
    .description("look for sops-nix's known traps in a manifest")
    .argument('<manifest>')
    .option('--target <target>', 'what will install it', 'sops-nix')
    .option('-r, --recipient <recipient>', "the host's recipient, for which each file must be")
    .option('--json', 'print the findings as JSON')
    .action(async (manifest: string, flags: { target: string; recipient?: string; json?: boolean }) => {
      if (flags.target !== 'sops-nix') throw new UsageError('the only target is sops-nix');
      const { lintSopsNix } = await import('../guard/lint-sops-nix.ts');
      const { recipient } = flags;
      const findings = await lintSopsNix(manifest, recipient === undefined ? {} : { recipient });
      print(flags.json, { findings }, () =>
        findings.map(({ secret, severity, trap, message }) => `${severity} ${trap} ${secret}: ${message}`),
      );
      if (findings.some(({ severity }) => severity === 'error')) process.exitCode = exitCodes.findings;
    });
}
