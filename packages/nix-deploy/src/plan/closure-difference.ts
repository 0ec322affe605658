import type { StorePath } from '../nix/path-info.ts';
import { storeName } from '../nix/progress.ts';

/** How a package differs between two closures. */
export interface PackageDifference {
  readonly name: string;
  /** Versions, sorted; `''` for a path that bears none. Empty where the package is absent. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Bytes, after minus before. */
  readonly size: number;
}

/** How two closures differ: the packages that do, by name, and the size of each closure. */
export interface ClosureDifference {
  readonly packages: readonly PackageDifference[];
  /** Bytes of the whole closures. */
  readonly before: number;
  readonly after: number;
}

/** Compares two closures by package. One that was only rebuilt, same versions and size, is no difference. Pure. */
export function closureDifference(
  before: readonly StorePath[],
  after: readonly StorePath[],
): ClosureDifference {
  const old = byPackage(before);
  const fresh = byPackage(after);
  const packages: PackageDifference[] = [];
  for (const name of [...new Set([...old.keys(), ...fresh.keys()])].sort()) {
    const was = old.get(name) ?? { versions: [], size: 0 };
    const is = fresh.get(name) ?? { versions: [], size: 0 };
    const size = is.size - was.size;
    if (size === 0 && was.versions.join('\n') === is.versions.join('\n')) continue;
    packages.push({ name, before: was.versions, after: is.versions, size });
  }
  return { packages, before: total(before), after: total(after) };
}

function byPackage(paths: readonly StorePath[]): Map<string, { versions: string[]; size: number }> {
  const found = new Map<string, { versions: string[]; size: number }>();
  for (const { path, narSize } of paths) {
    const { name, version } = splitName(storeName(path));
    const entry = found.get(name) ?? { versions: [], size: 0 };
    entry.size += narSize;
    if (!entry.versions.includes(version)) entry.versions = [...entry.versions, version].sort();
    found.set(name, entry);
  }
  return found;
}

/** As Nix does: the version begins at the first dash that a digit follows. */
export function splitName(name: string): { readonly name: string; readonly version: string } {
  const dash = name.search(/-(?=\d)/);
  return dash === -1 ? { name, version: '' } : { name: name.slice(0, dash), version: name.slice(dash + 1) };
}

function total(paths: readonly StorePath[]): number {
  return paths.reduce((sum, { narSize }) => sum + narSize, 0);
}
