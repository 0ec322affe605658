import { CutoverError } from '../errors.ts';

/** A config file cannot be used. `problems` names every place that is wrong; nothing was changed. */
export class ConfigError extends CutoverError {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';
  readonly file: string;
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[], options?: ErrorOptions) {
    super(`${file} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`, options);
    this.file = file;
    this.problems = problems;
  }
}
