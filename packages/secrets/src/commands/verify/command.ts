import { withInterrupts } from '@cutover/foundation/interrupts';
import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { type SshFlags, openSources, withHosts, withSshOptions } from '../shared/host.ts';
import { configOption, identityOption, jsonOption, print } from '../shared/options.ts';
import { defaultConfig } from '../shared/optional-config.ts';

interface Flags extends SshFlags {
  readonly config?: string | undefined;
  readonly from?: string[] | undefined;
  readonly to: string[];
  readonly identity?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `secrets verify`. */
export function setUpVerify(command: Command): Command {
  command
    .addOption(configOption())
    .option('--from <host...>', 'the source to compare with, as for move (default: the repository)')
    .requiredOption('--to <host...>', 'the hosts that should have the secrets')
    .addOption(identityOption("open the files with this identity file (default: each host's bootstrap key)"));
  return withSshOptions(command)
    .addOption(jsonOption())
    .action(async (flags: Flags) => {
      const { verifySecrets } = await import('../../move/verify-secrets.ts');
      const { loadSecretsConfig } = await import('../../move/load-config.ts');
      const { readIdentityFile } = await import('../../age/search.ts');
      const { readBootstrapIdentities } = await import('../../move/bootstrap-key.ts');
      const { matrixLines } = await import('./matrix.ts');
      const config = await loadSecretsConfig(flags.config ?? defaultConfig);
      const given = flags.identity === undefined ? undefined : await readIdentityFile(flags.identity);
      const rows = await withHosts(flags, (open) =>
        withInterrupts((signal) =>
          verifySecrets({
            config,
            to: flags.to.map(open),
            repository: config.repository,
            identities: given ?? ((host) => readBootstrapIdentities(host, config.bootstrapKey, { signal })),
            from: flags.from && openSources(flags.from, open),
            signal,
          }),
        ),
      );
      const ok = rows.every((row) => row.ok);
      print(flags.json, { secrets: rows, ok }, () => matrixLines(rows));
      if (!ok) process.exitCode = exitCodes.findings.code;
    });
}
