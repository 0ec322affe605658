import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { jsonOption, print } from '../shared/options.ts';

interface Flags {
  readonly target: string;
  readonly recipient?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `secrets lint MANIFEST`. */
export function setUpLint(command: Command): Command {
  return command
    .argument('<manifest>', 'a manifest of sops-nix')
    .option('--target <target>', 'what will install it', 'sops-nix')
    .option('-r, --recipient <recipient>', "the host's recipient: each file must be for it")
    .addOption(jsonOption())
    .action(async (manifest: string, { target, recipient, json }: Flags) => {
      if (target !== 'sops-nix') throw new UsageError('the only target is sops-nix');
      const { lintSopsNix } = await import('../../guard/lint-sops-nix.ts');
      const findings = await lintSopsNix(manifest, { recipient });
      print(json, { findings }, () =>
        findings.map(({ secret, severity, trap, message }) => `${severity} ${trap} ${secret}: ${message}`),
      );
      if (findings.some(({ severity }) => severity === 'error')) process.exitCode = exitCodes.findings.code;
    });
}
