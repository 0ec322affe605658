import { CutoverError } from '../../errors.ts';
import { whySilent } from '../../world/json-api.ts';

/** A Gitea gave no answer: what it has is unknown. */
export class GiteaSilentError extends CutoverError {
  override readonly name = 'GiteaSilentError';
  readonly code = 'FORGE_SILENT';
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`${url} does not answer (${whySilent(cause)}); look at forge.url, and at the way there`, { cause });
    this.url = url;
  }
}

/** A Gitea answered with an error. The message says what to do about it, where that is known. */
export class GiteaAnswerError extends CutoverError {
  override readonly name = 'GiteaAnswerError';
  readonly code = 'FORGE_REFUSED';
  readonly status: number;
  /** What it said, in its own words. */
  readonly said: string;
  /** The scope that the token lacks, where that is why. */
  readonly missingScope: string | undefined;

  constructor(url: string, { method, path, status, said }: GiteaAnswer) {
    const missingScope = scopeIn(said);
    super(
      `${url} answered ${method} ${path} with ${status}${said === '' ? '' : ` (${said})`}${advice(status, missingScope)}`,
    );
    this.status = status;
    this.said = said;
    this.missingScope = missingScope;
  }
}

/** An answer, as an error is made from it. */
export interface GiteaAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly said: string;
}

/** `token does not have at least one of required scope(s), required=[read:user], token scope=…`. */
function scopeIn(said: string): string | undefined {
  return /required scope\(s\), required=\[([^\]]+)\]/.exec(said)?.[1];
}

function advice(status: number, missingScope: string | undefined): string {
  if (missingScope !== undefined)
    return `: the token of forge.token lacks the scope ${missingScope}; make one that has it`;
  if (status === 401) return ': the token of forge.token is mistyped, or was revoked; make another';
  if (status === 404) return ': it is absent, or not visible to the token of forge.token';
  return '';
}
