import { checkedName, flakeAttribute } from '../source.ts';

/** The commands of nix that a deploy runs, as argv. They are those that Nix 2.8 to 2.34 and Lix have in common. */

const features = ['--extra-experimental-features', 'nix-command flakes'] as const;

/** Options passed on to every command that evaluates or builds, e.g. `['--option', 'cores', '2']`. */
export type NixOptions = readonly string[];

export function buildArgv(
  installable: string,
  link: string | undefined,
  options: NixOptions = [],
): readonly string[] {
  return [
    'nix',
    ...features,
    'build',
    '--json',
    '--log-format',
    'internal-json',
    '-v',
    ...(link === undefined ? ['--no-link'] : ['--out-link', link]),
    ...options,
    installable,
  ];
}

export function dryRunArgv(installable: string, options: NixOptions = []): readonly string[] {
  return ['nix', ...features, 'build', '--dry-run', '--json', ...options, installable];
}

export function derivationArgv(installable: string, options: NixOptions = []): readonly string[] {
  return ['nix', ...features, 'eval', '--raw', ...options, `${installable}.drvPath`];
}

/** The derivations of several configurations, as one JSON object by their names. */
export function derivationsArgv(
  flake: string,
  configurations: readonly string[],
  options: NixOptions = [],
): readonly string[] {
  const each = configurations.map((name) => {
    const attribute = `"${checkedName(name)}"`;
    return `${attribute} = all.${attribute}.config.system.build.toplevel.drvPath;`;
  });
  const apply = ['--apply', `all: { ${each.join(' ')} }`];
  return ['nix', ...features, 'eval', '--json', ...options, `${flake}#nixosConfigurations`, ...apply];
}

/** What a flake's output `nix-deploy` says, as JSON. */
export function targetsArgv(flake: string): readonly string[] {
  return ['nix', ...features, 'eval', '--json', `${flake}#nix-deploy`];
}

/** nixos-rebuild, which `build` makes leave a link `result` in the folder it is run in. */
export function rebuildArgv(
  action: 'build' | 'dry-build',
  flake: string,
  configuration: string,
  options: NixOptions = [],
): readonly string[] {
  const log = action === 'build' ? ['--log-format', 'internal-json'] : [];
  return ['nixos-rebuild', action, '--flake', flakeAttribute(flake, configuration), ...log, ...options];
}

/** Builds a derivation that is in the store; `nix-store` is the command whose words never changed. */
export function realiseArgv(
  derivation: string,
  link: string | undefined,
  options: NixOptions = [],
): readonly string[] {
  return [
    'nix-store',
    '--realise',
    '--log-format',
    'internal-json',
    '-v',
    ...(link === undefined ? [] : ['--add-root', link, '--indirect']),
    ...withoutEvaluation(options),
    derivation,
  ];
}

export function pathInfoArgv(path: string): readonly string[] {
  return ['nix', ...features, 'path-info', '--json', '--recursive', path];
}

/** Copies a closure to the store that takes the place of `@store`, which may refuse what it does not trust. */
export function copyArgv(path: string): readonly string[] {
  return ['nix', ...features, 'copy', '--to', '@store', path];
}

/** What was built on the host itself is trusted there, and so are paths that are named by their content. */
export function verifyArgv(path: string): readonly string[] {
  return ['nix', ...features, 'store', 'verify', '--recursive', '--no-contents', path];
}

/** Options of an evaluation, which `nix-store` does not know, with how many words follow each. */
const ofEvaluation: Readonly<Record<string, number>> = {
  '--arg': 2,
  '--arg-from-file': 2,
  '--argstr': 2,
  '--commit-lock-file': 0,
  '--debugger': 0,
  '--eval-store': 1,
  '--impure': 0,
  '--include': 1,
  '--inputs-from': 1,
  '--no-net': 0,
  '--no-registries': 0,
  '--no-update-lock-file': 0,
  '--no-write-lock-file': 0,
  '--offline': 0,
  '--output-lock-file': 1,
  '--override-flake': 2,
  '--override-input': 2,
  '--print-build-logs': 0,
  '--recreate-lock-file': 0,
  '--reference-lock-file': 1,
  '--refresh': 0,
  '--update-input': 1,
  '-I': 1,
  '-L': 0,
};

/** What is left of the options for a build whose evaluation is done. */
function withoutEvaluation(options: NixOptions): NixOptions {
  const left: string[] = [];
  for (let i = 0; i < options.length; i += 1) {
    const option = options[i] ?? '';
    const words = ofEvaluation[option];
    if (words !== undefined) i += words;
    // Its three words stay together: a value may look like an option.
    else if (option === '--option') {
      left.push(...options.slice(i, i + 3));
      i += 2;
    } else left.push(option);
  }
  return left;
}
