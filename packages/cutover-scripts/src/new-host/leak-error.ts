import type { Finding } from '@cutover/secrets/scan';
import { CutoverError } from '../errors.ts';

/** Plaintext of a secret would have been pushed. It was not; the findings name the secret and the place, never the content. */
export class LeakError extends CutoverError {
  override readonly name = 'LeakError';
  readonly code = 'SECRET_LEAK';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const places = findings.map(({ where, id }) => `${where} ${id}`);
    super(
      `plaintext of a secret is in the configuration repository, so nothing was pushed: ${places.join(', ')}`,
    );
    this.findings = findings;
  }
}
