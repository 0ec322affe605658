/** What differs from one machine to another, as `settings.json` of the flake holds it; the Nix modules read these names. */
export interface HostSettings {
  /** The instance's name, its host name, and the name of its `nixosConfigurations` attribute. */
  readonly hostName: string;
  /** Nix's name of the platform, e.g. `x86_64-linux`. */
  readonly system: string;
  readonly instanceType: 'virtual-machine' | 'container';
  /** The NixOS release the machine was first installed with, e.g. `26.05`; never changed afterwards. */
  readonly stateVersion: string;
  readonly timeZone: string;
  readonly user: {
    readonly name: string;
    readonly group: string;
    readonly home: string;
    /** Public keys that may log in as this user. */
    readonly authorizedKeys: readonly string[];
  };
  /** Absolute path of the folder that holds the clones; the user owns it. */
  readonly workspace: string;
  /** Attribute names of nixpkgs, e.g. `git` or `python3Packages.requests`: on the machine, and in the loops' PATH. */
  readonly packages: readonly string[];
  /** Names of the unfree packages that may be used, e.g. `claude-code`. */
  readonly unfree: readonly string[];
  /** Command name → path in the repository of the single JavaScript file that is that command. */
  readonly commands: Readonly<Record<string, string>>;
  readonly swap: { readonly file: string; readonly sizeMiB: number } | null;
  readonly ssh: {
    /** Public keys that may log in as root: that of the operator who deploys. */
    readonly rootKeys: readonly string[];
    readonly hosts: readonly SshHostSettings[];
    readonly knownHosts: readonly KnownHostSettings[];
  };
  readonly proxy: ProxySettings | null;
  /** A direct peer of a tailnet, which it joined before its first deploy. */
  readonly tailnet: boolean;
  /** Paths in the repository of certificate authorities (PEM) that the machine trusts beside the public ones. */
  readonly certificateAuthorities: readonly string[];
  readonly loops: {
    /** The rig's name, e.g. `cc-ci`. */
    readonly rig: string;
    /** Path in the repository of the rig's `loops.yaml`. */
    readonly configFile: string;
    /** The rig's units do nothing while this file is absent. */
    readonly armedFile: string;
  } | null;
  readonly secrets: {
    /**
     * Path in the repository of the manifest that says which encrypted file goes where, e.g. `secrets/manifest.json`;
     * the encrypted files are in its folder, and `commands.secrets` activates them.
     */
    readonly manifest: string;
  } | null;
}

/** A `Host` block of the machine's ssh configuration. */
export interface SshHostSettings {
  readonly alias: string;
  readonly hostName: string;
  readonly user: string;
  readonly port: number;
  readonly identityFile: string | null;
  /** Go through the SOCKS proxy, where there is one. */
  readonly proxy: boolean;
}

/** A line of the machine's known hosts. */
export interface KnownHostSettings {
  readonly hostNames: readonly string[];
  /** Type and key, e.g. `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/** tailscaled in user space with a SOCKS proxy on the loopback address. */
export interface ProxySettings {
  /** Name of its unit, e.g. `cc-ci-tailscaled`. */
  readonly name: string;
  readonly port: number;
  /** A file that holds a one-off key; it is removed when the machine has joined, unless it is a link. None: the runbook joins it. */
  readonly authKeyFile: string | null;
  /** Let peers in, by ssh too: a userspace node then opens every port of the loopback address to the whole tailnet. */
  readonly openToTailnet: boolean;
  /** The control server. Default: the vendor's. */
  readonly loginServer: string | null;
}
