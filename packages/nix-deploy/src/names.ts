/** What the names may be that a user writes: in options, and in the config file. */

/** An attribute of `nixosConfigurations`. */
export const configurationName: RegExp = /^[A-Za-z0-9._-]+$/;

export const specialisationName: RegExp = /^[A-Za-z0-9._+-]+$/;

/** A profile by its name, or by its absolute path. */
export const profileName: RegExp = /^(\/.*|[A-Za-z0-9][A-Za-z0-9._+-]*)$/;

/** A path in a store, e.g. `/nix/store/<hash>-nixos-system-web`. */
export const storePathPattern: RegExp = /^\/[^\s]+\/[0-9a-z]{32}-[^\s/]+$/;
