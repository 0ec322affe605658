import type { Host } from '@cutover/host';

/**
 * What names one boot of a host. On a machine that is the kernel's boot id; a container shares that with its host, so
 * there it is the moment at which its systemd began.
 */
export async function bootIdentity(host: Host, signal: AbortSignal): Promise<string> {
  const script = `if systemd-detect-virt --container --quiet; then
  stat --format=%Y:%Z /proc/1 && systemctl show --value --property=UserspaceTimestampMonotonic
else
  cat /proc/sys/kernel/random/boot_id
fi`;
  const { stdout } = await host.run(['sh', '-c', script], { signal });
  return stdout.trim().replaceAll('\n', ' ');
}
