import type { Host, SshHostOptions } from '@cutover/host';
import type { Lab } from '../lab.ts';

/** How the person reaches the new host: as root over ssh, with the host key that is really inside. */
export async function operatorAccess(
  target: Host,
  { operator, subnet }: Pick<Lab, 'operator' | 'subnet'>,
  signal: AbortSignal,
): Promise<SshHostOptions> {
  const [keys, address] = await Promise.all([
    target.run(['sh', '-c', 'cat /etc/ssh/ssh_host_*_key.pub'], { signal }),
    target.run(['hostname', '-I'], { signal }),
  ]);
  return {
    // On the bridge: this machine's own ssh is in no tailnet.
    host: address.stdout.split(' ').find((one) => one.startsWith(subnet.replace(/0\/24$/, ''))) ?? '',
    user: 'root',
    privateKeyFile: operator.file,
    hostKeys: keys.stdout.split('\n').filter((line) => line !== ''),
  };
}
