import type { CloneReport } from '@cutover/loops/safe-point';
import { CutoverError } from '../errors.ts';

/** What became of the rig, and what to do. */
const endings = {
  'works on': 'reached no safe point in time, and works on',
  stopped:
    'was stopped, and it is not proven that it was at a safe point. The loops run nowhere now: ' +
    'resume looks again and goes on, rollback starts the rig again',
  'was down':
    'was down already, and its clones hold work that is nowhere else. Push it or put it away by hand, then resume',
};

/** The old rig reached no safe point within its deadline. `unsafe` says why, a line for each. */
export class NoSafePointError extends CutoverError {
  override readonly name = 'NoSafePointError';
  readonly code = 'NO_SAFE_POINT';
  readonly unsafe: readonly string[];

  constructor(host: string, unsafe: readonly string[], rig: keyof typeof endings) {
    super(`the rig on ${host} ${endings[rig]}:\n${unsafe.join('\n')}`);
    this.unsafe = unsafe;
  }
}

/** Why a clone is at no safe point, in one line. */
export function describeUnsafe({ path, reasons }: CloneReport): string {
  return `${path}: ${reasons.map(({ detail }) => detail).join(', ')}`;
}
