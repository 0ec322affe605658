import { readFile } from 'node:fs/promises';

/** Bytes of memory that a new process could have, by the kernel's own estimate. */
export async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}
