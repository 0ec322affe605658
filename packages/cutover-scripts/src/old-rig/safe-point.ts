import type { CloneReport } from '@cutover/loops/safe-point';
import { CutoverError } from '../errors.ts';

/** The old rig reached no safe point within its deadline. `unsafe` says why, a line for each. */
export class NoSafePointError extends CutoverError {
  override readonly name = 'NoSafePointError';
  readonly code = 'NO_SAFE_POINT';
  readonly unsafe: readonly string[];

  /** @param stopped the rig was stopped all the same: nothing of it runs. */
  constructor(host: string, unsafe: readonly string[], stopped = false) {
    const what = stopped
      ? `the rig on ${host} was stopped, and it is not proven that it was at a safe point. The loops run nowhere now: ` +
        'resume looks again and goes on, rollback starts the rig again'
      : `the rig on ${host} reached no safe point in time, and works on`;
    super(`${what}:\n${unsafe.join('\n')}`);
    this.unsafe = unsafe;
  }
}

/** Why a clone is at no safe point, in one line. */
export function describeUnsafe({ path, reasons }: CloneReport): string {
  return `${path}: ${reasons.map(({ detail }) => detail).join(', ')}`;
}
