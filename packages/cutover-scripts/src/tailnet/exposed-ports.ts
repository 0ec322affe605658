import type { Host } from '@cutover/host';

/**
 * The ports that listen on the loopback address only. A userspace tailscaled dials them for any peer, unless its shields
 * are up: to the tailnet they are open.
 */
export async function loopbackPorts(host: Host, signal: AbortSignal): Promise<readonly number[]> {
  const { stdout } = await host.run(['ss', '-Hltn'], { signal });
  const ports = stdout.split('\n').flatMap((line) => {
    const [, port] = /\s(?:127\.0\.0\.\d+|\[::1\])(?:%\w+)?:(\d+)\s/.exec(line) ?? [];
    return port === undefined ? [] : [Number(port)];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}
