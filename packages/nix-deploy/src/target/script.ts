/** How commands become root on a target. */
export interface Privilege {
  /** `true`: through `sudo -n`, for a user who is not root. */
  readonly sudo: boolean;
}

/** The argv that runs `argv` as root. */
export function asRoot(argv: readonly string[], { sudo }: Privilege): readonly string[] {
  return sudo ? ['sudo', '-n', '--', ...argv] : argv;
}

/**
 * The argv that runs a constant script with arguments, which reach it as `$1`, `$2`, … and are never read as shell.
 * PATH is completed with where NixOS keeps its commands, for ssh gives a short one.
 */
export function script(name: string, text: string, ...values: readonly string[]): readonly string[] {
  return ['sh', '-c', `PATH=$PATH:${searchPath}\n${text}`, `nix-deploy-${name}`, ...values];
}

/** Where commands are on NixOS, and on other machines with Nix. */
export const searchPath: string =
  '/run/wrappers/bin:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
