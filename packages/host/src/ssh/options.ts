import type { Passphrase } from './private-key.ts';

/** How to reach a host over ssh. Keys are always verified: there is no option to accept an unknown one. */
export interface SshHostOptions {
  /** Name or address, or with `config` a name that ssh's configuration knows. */
  readonly host: string;
  /** Default 22. */
  readonly port?: number | undefined;
  /** Default: the user of this process, as ssh's own. */
  readonly user?: string | undefined;
  /**
   * `openssh`: connect by the system's `ssh`, which has what ssh2 has not: certificates of users and hosts, hardware keys,
   * Kerberos, all its algorithms. It needs setsid on the host, and takes keys from files and agents only.
   * Default `ssh2`, which is faster and needs no ssh.
   */
  readonly client?: 'ssh2' | 'openssh' | undefined;
  /**
   * `true`: what is not said here is read from ssh's configuration (`~/.ssh/config`, or the file that is named), by
   * `ssh -G` where there is an ssh: HostName, Port, User, IdentityFile, IdentitiesOnly, IdentityAgent, ProxyJump,
   * ProxyCommand, UserKnownHostsFile, GlobalKnownHostsFile, HostKeyAlias. Default `false`.
   */
  readonly config?: boolean | string | undefined;
  /** What to call the host in messages and evidence; default `user@host`. */
  readonly name?: string | undefined;

  /** Our private key: OpenSSH's format, PEM or PKCS #8. With none of key,
   * agent and `answer`: the default keys of `~/.ssh`, and the agent of `SSH_AUTH_SOCK`. */
  readonly privateKey?: string | Uint8Array | undefined;
  /** The file that holds it, on this machine, or several to try in this order. */
  readonly privateKeyFile?: string | readonly string[] | undefined;
  /** An agent's socket, e.g. `process.env.SSH_AUTH_SOCK`. Its keys are tried after those that are named. */
  readonly agent?: string | undefined;
  /** Answers the server's questions (keyboard-interactive), e.g. for a one-time code; last of all. */
  readonly answer?:
    | ((questions: readonly SshQuestion[], instructions: string) => Promise<string[]>)
    | undefined;
  /** Opens an encrypted private key, or is asked for its passphrase; `undefined` passes the key over. */
  readonly passphrase?: Passphrase | undefined;

  /**
   * The host's public keys, any of which is accepted: `ssh-ed25519 AAAA…` as in `/etc/ssh/ssh_host_*_key.pub`, or a
   * fingerprint `SHA256:…`. With this, no known_hosts file is read.
   */
  readonly hostKeys?: readonly string[] | undefined;
  /** Default `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. */
  readonly knownHostsFile?: string | readonly string[] | undefined;
  /** The name to look up in known_hosts instead of `host` (as OpenSSH's HostKeyAlias). */
  readonly hostKeyAlias?: string | undefined;

  /**
   * Reach the host through a SOCKS5 proxy, which also resolves its name, or through the standard input and output of a
   * command, as OpenSSH's ProxyCommand (`%h`, `%p` and `%r` are host, port and user).
   */
  readonly proxy?: { readonly socks5: Socks5Proxy } | { readonly command: string } | undefined;
  /** Reach the host from another one, as OpenSSH's ProxyJump. Not together with `proxy`, which the jump may have. */
  readonly jump?: SshHostOptions | undefined;

  /** Milliseconds until the connection must stand, authentication included. Default 20,000. */
  readonly connectTimeout?: number | undefined;
  /**
   * How often to try to connect where that may yet work (`CONNECTION_FAILED`), half a second after the first time and
   * twice as long after each further one, up to 8 s. Default 1.
   */
  readonly connectAttempts?: number | undefined;
  /** Milliseconds of silence until the host is asked whether it is there. Default 10,000; 0: never. */
  readonly keepAliveInterval?: number | undefined;
  /** Questions that may go unanswered before the connection is taken for lost. Default 3. */
  readonly keepAliveCount?: number | undefined;
  /** The server's MaxSessions, beyond which commands wait for one another. Default 10, as OpenSSH's. */
  readonly maxSessions?: number | undefined;
}

/** A SOCKS5 proxy. */
export interface Socks5Proxy {
  readonly host: string;
  /** Default 1080. */
  readonly port?: number | undefined;
  /** For a proxy that asks who comes. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** A question of the server (keyboard-interactive, RFC 4256). */
export interface SshQuestion {
  readonly prompt: string;
  /** Whether what is typed may be shown. */
  readonly echo: boolean;
}
