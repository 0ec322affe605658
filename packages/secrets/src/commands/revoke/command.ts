import { resolve } from 'node:path';
import { withInterrupts } from '@cutover/foundation/interrupts';
import type { Command } from 'commander';
import type { RevokeReport } from '../../guard/revoke.ts';
import { gatherIdentities } from '../shared/identities.ts';
import { defaultConfig, optionalConfig } from '../shared/optional-config.ts';
import { type FileFlags, configOption, identityOption, jsonOption, print } from '../shared/options.ts';

interface Flags extends FileFlags {
  readonly config?: string | undefined;
  readonly repository: string;
  readonly add?: string[] | undefined;
}

/** `secrets revoke RECIPIENT`. */
export function setUpRevoke(command: Command): Command {
  return command
    .argument('<recipient>', 'age1…, ssh-ed25519 … or ssh-rsa …')
    .addOption(configOption())
    .addOption(identityOption())
    .option('--repository <directory>', 'the git working tree', '.')
    .option('--add <recipient...>', 'who may open the files instead')
    .addOption(jsonOption())
    .action(async (recipient: string, flags: Flags) => {
      const { localHost } = await import('@cutover/host');
      const { revoke } = await import('../../guard/revoke.ts');
      await using host = localHost();
      const config = await optionalConfig(flags.config);
      const identities = await gatherIdentities(flags.identity);
      const report = await withInterrupts((signal) =>
        revoke({
          host,
          repository: resolve(flags.repository),
          recipient,
          identities,
          add: flags.add,
          secrets: config?.secrets,
          config: config && resolve(flags.config ?? defaultConfig),
          signal,
        }),
      );
      print(flags.json, report, () => revokeLines(report, recipient));
    });
}

function revokeLines({ files, configs, replace, history }: RevokeReport, recipient: string): string[] {
  return [
    ...[...files, ...configs].map((file) => `rewritten: ${file}`),
    ...(files.length === 0 ? [`no file is for ${recipient}`] : []),
    ...history.map(
      ({ file, commits }) =>
        `old commits keep ciphertext for it: ${file} (${commits.map((commit) => commit.slice(0, 12)).join(', ')})`,
    ),
    ...(replace.length === 0 && history.length > 0
      ? ['replace what those files hold at its issuers: the revoked key still opens the old commits']
      : []),
    ...replace.map(({ secret, issuer }) => `replace this credential at its issuer: ${secret} (${issuer})`),
  ];
}
