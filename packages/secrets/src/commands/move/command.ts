import { withInterrupts } from '@cutover/foundation/interrupts';
import type { Command } from 'commander';
import type { MoveReport } from '../../move/move-secrets.ts';
import { type SshFlags, openSources, withHosts, withSshOptions } from '../shared/host.ts';
import { configOption, identityOption, jsonOption, print } from '../shared/options.ts';
import { defaultConfig } from '../shared/optional-config.ts';

interface Flags extends SshFlags {
  readonly config?: string | undefined;
  readonly from: string[];
  readonly to: string;
  readonly identity?: string | undefined;
  readonly bootstrapIdentity?: string | undefined;
  readonly commit: boolean;
  readonly json?: boolean | undefined;
}

/** `secrets move`. */
export function setUpMove(command: Command): Command {
  command
    .addOption(configOption())
    .requiredOption(
      '--from <host...>',
      'where the secrets are: local, or user@host; NAME=HOST for each source.host when there are several',
    )
    .requiredOption('--to <host>', 'the target, whose bootstrap key opens the files')
    .option(
      '--bootstrap-identity <file>',
      'place this identity on the target (default: the one that is there, or a new one)',
    )
    .addOption(identityOption('also open files that are there already with this identity file'))
    .option('--no-commit', 'leave the files uncommitted');
  return withSshOptions(command)
    .addOption(jsonOption())
    .action(async (flags: Flags) => {
      const { move } = await import('../../move/move-secrets.ts');
      const { loadSecretsConfig } = await import('../../move/load-config.ts');
      const { readIdentityFile } = await import('../../age/search.ts');
      const { readIdentityText } = await import('../shared/identities.ts');
      const config = await loadSecretsConfig(flags.config ?? defaultConfig);
      const { bootstrapIdentity, identity } = flags;
      const identities = identity === undefined ? [] : await readIdentityFile(identity);
      const placed = bootstrapIdentity === undefined ? undefined : await readIdentityText(bootstrapIdentity);
      const report = await withHosts(flags, (open) =>
        withInterrupts((signal) =>
          move({
            config,
            from: openSources(flags.from, open),
            to: open(flags.to),
            local: open('local'),
            identity: placed,
            identities,
            commit: flags.commit ? undefined : false,
            signal,
          }),
        ),
      );
      print(flags.json, report, () => moveLines(report));
    });
}

function moveLines({ bootstrapKey, encrypted, proofs, scan, commit }: MoveReport): string[] {
  return [
    `bootstrap key ${bootstrapKey.outcome} at ${bootstrapKey.path} for ${bootstrapKey.recipient}`,
    ...encrypted.files.map(({ file, outcome }) => `${outcome}: ${file}`),
    `${proofs.length} files open with that key alone; ${scan.objects} git objects hold none of the secrets`,
    ...(commit === undefined ? [] : [`${commit.outcome}: ${commit.commit}`]),
  ];
}
