import { CutoverError } from '../errors.ts';

/** Why a host is not in its tailnet: with the key, the name, the daemon or the token, or because its control server does not answer. */
export type TailnetProblem = 'key' | 'name' | 'daemon' | 'control' | 'settings' | 'token';

/** A host did not join its tailnet. The key is in no message. */
export class TailnetError extends CutoverError {
  override readonly name = 'TailnetError';
  readonly code = 'TAILNET_NOT_JOINED';
  readonly problem: TailnetProblem;
  readonly host: string;

  constructor(problem: TailnetProblem, host: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
    this.host = host;
  }
}
