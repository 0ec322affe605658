import { formatSize } from '@cutover/foundation/size';

import type { PackageDifference } from '../../plan/closure-difference.ts';

/** `git: 2.40 → 2.41, +0.1 MiB`; ∅ where it is absent, ε for a path without a version. */
export function describePackage({ name, before, after, size }: PackageDifference): string {
  return `${name}: ${versions(before)} → ${versions(after)}, ${size < 0 ? '-' : '+'}${formatSize(Math.abs(size))}`;
}

function versions(list: readonly string[]): string {
  if (list.length === 0) return '∅';
  return list.map((version) => (version === '' ? 'ε' : version)).join(', ');
}
