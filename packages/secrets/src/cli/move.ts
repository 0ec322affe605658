import { withInterrupts } from '@cutover/foundation/interrupts';
import { Command } from 'commander';
import { type SshFlags, openSources, withHosts } from './host.ts';
import { configOption, identityOption, print } from './options.ts';
import { exitCodes } from './exit-codes.ts';

interface Flags extends SshFlags {
  readonly config: string;
  readonly from: string[];
  readonly to: string[];
  readonly identity?: string;
  readonly commit: boolean;
  readonly json?: boolean;
}

const sshOptions = (command: Command): Command =>
  command
    .option('--ssh-key <file>', 'our ssh key; the agent without it')
    .option('--known-hosts <file>', 'instead of ~/.ssh/known_hosts')
    .option('--json', 'print the report as JSON');

/** `secrets move`. */
export function moveCommand(): Command {
  const command = new Command('move')
    .description('collect secrets from a host, encrypt them into the repository and place the bootstrap key')
    .addOption(configOption())
    .requiredOption(
      '--from <host...>',
      'where they are: local, or user@host; NAME=HOST for each source.host when there are several',
    )
    .requiredOption('--to <host>', 'the target, whose bootstrap key opens them')
    .option('-i, --identity <file>', 'place this identity; without it the one that is there, or a fresh one')
    .option('--no-commit', 'leave the files uncommitted');
  return sshOptions(command).action(async (flags: Omit<Flags, 'to'> & { to: string }) => {
    const { move } = await import('../move/move-secrets.ts');
    const { loadSecretsConfig } = await import('../move/load-config.ts');
    const { readFile } = await import('node:fs/promises');
    const config = await loadSecretsConfig(flags.config);
    const report = await withHosts(flags, (open) =>
      withInterrupts(async (signal) =>
        move({
          config,
          from: openSources(flags.from, open),
          to: open(flags.to),
          local: open('local'),
          signal,
          ...(flags.identity !== undefined && { identity: await readFile(flags.identity, 'utf8') }),
          ...(!flags.commit && { commit: false }),
        }),
      ),
    );
    print(flags.json, report, () => [
      `bootstrap key ${report.bootstrapKey.outcome} at ${report.bootstrapKey.path} for ${report.bootstrapKey.recipient}`,
      ...report.encrypted.files.map(({ file, outcome }) => `${outcome}: ${file}`),
      `${report.proofs.length} files open with that key alone; ${report.scan.objects} git objects hold none of the secrets`,
      ...(report.commit === undefined ? [] : [`${report.commit.outcome}: ${report.commit.commit}`]),
    ]);
  });
}

/** `secrets verify`. */
export function verifyCommand(): Command {
  const command = new Command('verify')
    .description(
      'a matrix of secrets and hosts: decryptable, in place, mode, owner, equal; and how to mend it',
    )
    .addOption(configOption())
    .option('--from <host...>', 'the source to compare with, as for move; the repository without it')
    .requiredOption('--to <host...>', 'the hosts that should have them')
    .addOption(identityOption());
  return sshOptions(command).action(async (flags: Omit<Flags, 'from'> & { from?: string[] }) => {
    const { verifySecrets } = await import('../move/verify-secrets.ts');
    const { loadSecretsConfig } = await import('../move/load-config.ts');
    const { readIdentityFile } = await import('../age/search.ts');
    const { readBootstrapIdentities } = await import('../move/bootstrap-key.ts');
    const config = await loadSecretsConfig(flags.config);
    const rows = await withHosts(flags, async (open) => {
      const given = flags.identity === undefined ? undefined : await readIdentityFile(flags.identity);
      return withInterrupts((signal) =>
        verifySecrets({
          config,
          to: flags.to.map(open),
          repository: config.repository,
          identities: given ?? ((host) => readBootstrapIdentities(host, config.bootstrapKey, { signal })),
          signal,
          ...(flags.from !== undefined && { from: openSources(flags.from, open) }),
        }),
      );
    });
    const { matrixLines } = await import('./matrix.ts');
    print(flags.json, { secrets: rows, ok: rows.every(({ ok }) => ok) }, () => matrixLines(rows));
    if (rows.some(({ ok }) => !ok)) process.exitCode = exitCodes.findings;
  });
}
