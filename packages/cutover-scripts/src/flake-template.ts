import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Reads the flake's template, which this package carries in its folder `nixos/`: path in the repository → text. */
export async function readFlakeTemplate(): Promise<Map<string, string>> {
  const folder = fileURLToPath(new URL('../nixos/', import.meta.url));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = files.map(async (file): Promise<[string, string]> => [
    relative(folder, file).split(sep).join('/'),
    await readFile(file, 'utf8'),
  ]);
  return new Map(await Promise.all(texts));
}
