import type { SshHostOptions } from '@cutover/host';
import type { SshEndpoint } from '../config/schema.ts';

/** An endpoint of the config, as `sshHost` takes it. */
export function sshConnection(ssh: SshEndpoint): SshHostOptions {
  return {
    host: ssh.host,
    port: ssh.port,
    user: ssh.user,
    privateKeyFile: ssh.privateKey,
    ...(ssh.hostKeys === undefined ? {} : { hostKeys: ssh.hostKeys }),
    ...(ssh.hostKeys === undefined && ssh.knownHosts !== undefined ? { knownHostsFile: ssh.knownHosts } : {}),
    ...(ssh.socks5 === undefined ? {} : { proxy: { socks5: ssh.socks5 } }),
  };
}
