import { readFileSync, readdirSync } from 'node:fs';
import { isErrno } from '@cutover/foundation/errno';

/** Loop devices whose backing file lies in `folder`, mounted or not, e.g. `/dev/loop3`; also where the file is deleted. */
export function loopDevices(folder: string): string[] {
  return readdirSync('/sys/block')
    .filter((name) => /^loop\d+$/.test(name) && backingFile(name)?.startsWith(`${folder}/`))
    .map((name) => `/dev/${name}`);
}

/** `undefined` where the device is free. */
function backingFile(name: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENXIO')) return undefined;
    throw error;
  }
}
