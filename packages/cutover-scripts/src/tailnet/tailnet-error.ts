import { CutoverError } from '../errors.ts';

/** Why a host is not in its tailnet: with the key, the name or the daemon, or because its control server does not answer. */
export type TailnetProblem = 'key' | 'name' | 'daemon' | 'control' | 'settings';

/** A host did not join its tailnet. The key is in no message. */
export class TailnetError extends CutoverError {
  override readonly name = 'TailnetError';
  readonly code = 'TAILNET_NOT_JOINED';
  readonly problem: TailnetProblem;
  readonly host: string;

  constructor(problem: TailnetProblem, host: string, message: string) {
    super(message);
    this.problem = problem;
    this.host = host;
  }
}
