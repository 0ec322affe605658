import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../folders.ts';

/** Where the lab's hosts are described. */
export function hostsFolder(): string {
  return join(checkout(), 'lab', 'hosts');
}

/** A hash of all that the lab's hosts are made from: another one means that they have to be made again. */
export async function hostsRecipe(image: string): Promise<string> {
  const hash = createHash('sha256').update(image);
  const entries = await readdir(hostsFolder(), { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort())
    hash.update(`${file.slice(hostsFolder().length)}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}
