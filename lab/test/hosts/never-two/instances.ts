import type { Host } from '@cutover/host';
import { expect } from 'vitest';

/** Waits until an instance has booted: systemd is up. */
export async function waitReady(host: Host): Promise<void> {
  const booted = async (): Promise<boolean> => {
    const { stdout } = await host
      .run(['systemctl', 'is-system-running'], { reject: false })
      .catch(() => ({ stdout: '' }));
    return /running|degraded/.test(stdout);
  };
  await expect.poll(booted, { timeout: 120_000 }).toBe(true);
}
