/** What an instance must have come to. Each is waited for; what is left out is not looked at. */
export interface ReadyConditions {
  /** Commands can be run: of a virtual machine, its agent is up. */
  readonly agent?: boolean | undefined;
  /** A global IPv4 address. */
  readonly ipv4?: boolean | undefined;
  /** A global IPv6 address. */
  readonly ipv6?: boolean | undefined;
  /** The interface that must have the addresses, as the guest calls it. Default: those that the instance's devices name. */
  readonly nic?: string | undefined;
  /** cloud-init is done. `degraded` (done, with recoverable errors) passes only when asked for by that word. */
  readonly cloudInit?: boolean | 'degraded' | undefined;
  /** systemd has finished booting. `degraded` (some unit failed) passes only when asked for by that word. */
  readonly systemd?: boolean | 'degraded' | undefined;
  /** An ssh server answers at the instance's address from here; its port, where it is not 22. */
  readonly ssh?: boolean | { readonly port: number } | undefined;
  /** A command in the instance ends with exit code 0, tried again until it does. */
  readonly command?: readonly string[] | undefined;
}

/** What is known of an instance on its way to readiness. */
export interface Readiness {
  /** The instance's status, e.g. `Running`. */
  readonly status?: string;
  /** Whether commands can be run: of a virtual machine, whether its agent answers. */
  readonly agent?: boolean;
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** The interface, as the guest calls it, whose address that is. */
  readonly nic?: string;
  /** `done`, `degraded`, `error`, `running`, `disabled` or `absent` (no cloud-init in the guest). */
  readonly cloudInit?: string;
  /** What cloud-init says went wrong. */
  readonly cloudInitErrors?: readonly string[];
  /** systemd's word: `running`, `degraded`, `starting`, …; `absent` (no systemd in the guest) */
  readonly systemd?: string;
  /** The ssh server's banner, e.g. `SSH-2.0-OpenSSH_10.0`. */
  readonly ssh?: string;
}
