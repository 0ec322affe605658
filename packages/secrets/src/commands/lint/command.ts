import { type Command, Option } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { jsonOption, print } from '../shared/options.ts';

interface Flags {
  readonly recipient?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `secrets lint MANIFEST`. */
export function setUpLint(command: Command): Command {
  return command
    .argument('<manifest>', 'a manifest of sops-nix')
    .addOption(
      new Option('--target <target>', 'what will install it').choices(['sops-nix']).default('sops-nix'),
    )
    .option('-r, --recipient <recipient>', "the host's recipient: each file must be for it")
    .addOption(jsonOption())
    .action(async (manifest: string, { recipient, json }: Flags) => {
      const { lintSopsNix } = await import('../../guard/lint-sops-nix.ts');
      const findings = await lintSopsNix(manifest, { recipient });
      print(json, { findings }, () =>
        findings.map(({ secret, severity, trap, message }) => `${severity} ${trap} ${secret}: ${message}`),
      );
      if (findings.some(({ severity }) => severity === 'error')) process.exitCode = exitCodes.findings.code;
    });
}
