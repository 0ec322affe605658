import { CutoverError } from '../errors.ts';

/** Config files that cannot be used; nothing was changed. The message has a line for each mistake. */
export class ConfigError extends CutoverError {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';
  /** Every mistake as `FILE:LINE:COLUMN: KEY: what is wrong; what would be right`. */
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.mistakes = mistakes;
  }
}
