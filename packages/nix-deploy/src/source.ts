import { DeployOptionsError } from './errors.ts';
import { configurationName } from './names.ts';

/** What to deploy: a flake's NixOS configuration, or a system that is built already. */
export type Source =
  | {
      /** A flake reference where it is evaluated, e.g. `git+ssh://forge/orchestrator.git` or `path:/srv/flake`. */
      readonly flake: string;
      /** Name of the `nixosConfigurations` attribute; default: the target's host name. */
      readonly configuration?: string | undefined;
    }
  | { readonly storePath: string };

/** A flake reference, and the configuration that is named after its `#`, as nixos-rebuild takes them together. */
export function splitFlake(text: string): {
  readonly flake: string;
  readonly configuration?: string | undefined;
} {
  const hash = text.indexOf('#');
  if (hash === -1) return { flake: text };
  const flake = text.slice(0, hash);
  const name = text.slice(hash + 1);
  return name === '' ? { flake } : { flake, configuration: name };
}

/** `FLAKE#nixosConfigurations."NAME".config.system.build.toplevel`, as nix wants it. */
export function installable(flake: string, configuration: string): string {
  return `${flake}#nixosConfigurations."${checkedName(configuration)}".config.system.build.toplevel`;
}

/** `FLAKE#NAME`, as nixos-rebuild wants it. */
export function flakeAttribute(flake: string, configuration: string): string {
  return `${flake}#${checkedName(configuration)}`;
}

/** A name that means in Nix what it says. @throws {DeployOptionsError} */
export function checkedName(configuration: string): string {
  if (configurationName.test(configuration)) return configuration;
  throw new DeployOptionsError(`${JSON.stringify(configuration)} cannot be the name of a configuration`);
}
