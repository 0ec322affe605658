import { createHash } from 'node:crypto';
import { lstat, readFile, readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { checkout } from '../folders.ts';

/** A tree of files that is laid over the image's root file system. */
export interface Overlay {
  readonly folder: string;
  /** Where it goes, relative to `/`; empty for the root itself. */
  readonly prefix: string;
  /** Files and links, relative to `folder`, in a fixed order. */
  readonly files: readonly string[];
}

/** What changes more often than the packages: the lab's own settings, and what stands for NixOS. */
export async function overlays(): Promise<Overlay[]> {
  const lab = join(checkout(), 'lab');
  return [
    await overlay(join(lab, 'images', 'overlay', 'root'), ''),
    await overlay(join(lab, 'nixpkgs', 'image', 'root'), ''),
    await overlay(join(lab, 'nixpkgs'), 'srv/nixpkgs/'),
  ];
}

/** A hash over the names, kinds, modes and contents of all overlays and of the image's metadata. */
export async function overlayHash(trees: readonly Overlay[]): Promise<string> {
  const hash = createHash('sha256');
  const metadata = await overlay(join(checkout(), 'lab', 'images', 'metadata'), '');
  for (const { folder, prefix, files } of [...trees, metadata]) {
    for (const file of files) {
      const path = join(folder, file);
      const state = await lstat(path);
      const content = state.isSymbolicLink() ? await readlink(path) : await readFile(path);
      hash.update(
        `${prefix}${file}\0${state.isSymbolicLink() ? 'link' : (state.mode & 0o100).toString()}\0${content.length}\0`,
      );
      hash.update(content);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function overlay(folder: string, prefix: string): Promise<Overlay> {
  return { folder, prefix, files: (await filesIn(folder)).map((path) => relative(folder, path)).sort() };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(
    entries.map((entry) =>
      entry.isDirectory() ? filesIn(join(folder, entry.name)) : Promise.resolve([join(folder, entry.name)]),
    ),
  );
  return nested.flat();
}
