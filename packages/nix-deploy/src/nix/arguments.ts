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
    ...options,
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
