import { formatSize } from '@cutover/foundation/size';

import type { Problem } from '../errors.ts';
import type { TargetFacts } from '../target/facts.ts';
import type { TargetPaths } from '../target/paths.ts';

/** Bytes that a deploy is about to add, once it is known. */
export interface Additions {
  /** Of the store paths that the target lacks. */
  readonly store?: number | undefined;
  /** Of a kernel and an initrd other than those that booted. */
  readonly boot?: number | undefined;
}

/** Holds the room that a target has against what is missing there. Pure. */
export function checkSpace(
  { storeFree, bootFree }: Pick<TargetFacts, 'storeFree' | 'bootFree'>,
  { store = 0, boot = 0 }: Additions,
  paths: TargetPaths,
): readonly Problem[] {
  const problems: Problem[] = [];
  if (storeFree !== undefined && storeFree < store) {
    problems.push({
      check: 'store-full',
      message: `the store is full: ${formatSize(storeFree)} are free and what is missing there takes ${formatSize(store)}`,
      fix: 'collect garbage (nix-deploy gc), or grow the disk',
    });
  }
  if (bootFree !== undefined && bootFree < boot) {
    problems.push({
      check: 'boot-full',
      message: `${paths.boot} is full: ${formatSize(bootFree)} are free and the new kernel and initrd take ${formatSize(boot)}`,
      fix: 'remove old generations (nix-deploy gc), then deploy again',
    });
  }
  return problems;
}
