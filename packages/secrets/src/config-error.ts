import { type ConfigMistake, mistakeLines } from '@cutover/foundation/config-file';
import { SecretsError } from './errors.ts';

/** A config file cannot be used: all of its mistakes, each with its place. The message has a line for each of them. */
export class ConfigError extends SecretsError {
  override readonly name = 'ConfigError';
  /** The config file, as the caller named it. */
  readonly config: string;
  readonly mistakes: readonly ConfigMistake[];

  constructor(
    config: string,
    mistakes: readonly ConfigMistake[],
    code: 'CONFIG_INVALID' | 'RULE_INVALID' = 'CONFIG_INVALID',
  ) {
    super(code, mistakeLines(config, mistakes).join('\n'));
    this.config = config;
    this.mistakes = mistakes;
  }
}
