import type { CloneReport } from '@cutover/loops';
import { CutoverError } from '../errors.ts';

/** The old rig reached no safe point within its deadline. `unsafe` says why, a line for each. */
export class NoSafePointError extends CutoverError {
  override readonly name = 'NoSafePointError';
  readonly code = 'NO_SAFE_POINT';
  readonly unsafe: readonly string[];

  constructor(host: string, unsafe: readonly string[]) {
    super(`the rig on ${host} reached no safe point in time:\n${unsafe.join('\n')}`);
    this.unsafe = unsafe;
  }
}

/** Why a clone is at no safe point, in one line. */
export function describeUnsafe({ path, reasons }: CloneReport): string {
  return `${path}: ${reasons.map(({ detail }) => detail).join(', ')}`;
}
