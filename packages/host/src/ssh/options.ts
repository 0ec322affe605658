/** How to reach a host over ssh. Keys are always verified: there is no option to accept an unknown one. */
export interface SshHostOptions {
  /** Name or address. */
  readonly host: string;
  /** Default 22. */
  readonly port?: number;
  readonly user: string;
  /** What to call the host in messages and evidence; default `user@host`. */
  readonly name?: string;

  /** Our private key, in OpenSSH's or PEM format. */
  readonly privateKey?: string | Uint8Array;
  /** The file that holds it, on this machine. */
  readonly privateKeyFile?: string;
  /** Opens an encrypted private key. */
  readonly passphrase?: string;
  /** An agent's socket, e.g. `process.env.SSH_AUTH_SOCK`. */
  readonly agent?: string;

  /**
   * The host's public keys, any of which is accepted: `ssh-ed25519 AAAA…` as in `/etc/ssh/ssh_host_*_key.pub`, or a
   * fingerprint `SHA256:…`. With this, no known_hosts file is read.
   */
  readonly hostKeys?: readonly string[];
  /** Default `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. */
  readonly knownHostsFile?: string | readonly string[];
  /** The name to look up in known_hosts instead of `host` (as OpenSSH's HostKeyAlias). */
  readonly hostKeyAlias?: string;

  /** Reach the host through a SOCKS5 proxy, which also resolves its name. */
  readonly proxy?: { readonly socks5: Socks5Proxy };
  /** Reach the host from another one, as OpenSSH's ProxyJump. Not together with `proxy`, which the jump may have. */
  readonly jump?: SshHostOptions;

  /** Milliseconds until the connection must stand, authentication included. Default 20,000. */
  readonly connectTimeout?: number;
  /** Milliseconds of silence until the host is asked whether it is there. Default 10,000; 0: never. */
  readonly keepAliveInterval?: number;
  /** Questions that may go unanswered before the connection is taken for lost. Default 3. */
  readonly keepAliveCount?: number;
  /** The server's MaxSessions, beyond which commands wait for one another. Default 10, as OpenSSH's. */
  readonly maxSessions?: number;
}

export interface Socks5Proxy {
  readonly host: string;
  /** Default 1080. */
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
}
