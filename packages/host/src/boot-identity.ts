import { FileRefusedError, type Host } from '@cutover/host-contract';

const bootId = '/proc/sys/kernel/random/boot_id';
const firstProcess = '/proc/1/stat';

/**
 * Names one boot of a host: equal until it reboots, and different after. It is the kernel's boot id and the start time
 * of the first process, for a container has the boot id of the machine that it runs on. Compare it, do not read it.
 *
 * @throws {HostError} the host did not say: then it is unknown whether it has rebooted.
 */
export async function bootIdentity(
  host: Host,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const { stdout } = await host.run(['cat', bootId, firstProcess], { signal });
  const [id = '', stat = ''] = stdout.split('\n');
  // Field 22, counted from behind the process's name, which may contain anything (proc(5)).
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  if (!/^[\da-f-]{36}$/.test(id)) throw new FileRefusedError(host.name, bootId, 'it contains no boot id');
  if (!/^\d+$/.test(startTime))
    throw new FileRefusedError(host.name, firstProcess, 'it contains no start time of process 1');
  return `${id}/${startTime}`;
}
