import type { Host } from '@cutover/host';

/** The swap of a host. */
export interface Swap {
  readonly file: string;
  readonly bytes: number;
  /** The kernel swaps to it. */
  readonly active: boolean;
  /** A container has the swap of its host, and cannot add any. */
  readonly container: boolean;
}

const file = '/swapfile';

export async function inspectSwap(host: Host, signal: AbortSignal): Promise<Swap> {
  const [size, active, container] = await Promise.all([
    host.run(['stat', '--format=%s', file], { reject: false, signal }),
    host.run(['cat', '/proc/swaps'], { signal }),
    host.run(['systemd-detect-virt', '--container', '--quiet'], { reject: false, signal }),
  ]);
  return {
    file,
    bytes: size.exitCode === 0 ? Number(size.stdout) : 0,
    active: active.stdout.includes(`${file} `),
    container: container.exitCode === 0,
  };
}
