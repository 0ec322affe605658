import type { Host } from '@cutover/host';

/** How the person reaches the new host: as root over ssh, with the host key that is really inside. */
export async function operatorAccess(target: Host, privateKeyFile: string, signal: AbortSignal) {
  const [keys, address] = await Promise.all([
    target.run(['sh', '-c', 'cat /etc/ssh/ssh_host_*_key.pub'], { signal }),
    target.run(['hostname', '-I'], { signal }),
  ]);
  return {
    host: address.stdout.trim().split(' ')[0] ?? '',
    user: 'root',
    privateKeyFile,
    hostKeys: keys.stdout.split('\n').filter((line) => line !== ''),
  };
}
