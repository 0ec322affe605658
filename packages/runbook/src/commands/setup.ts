/** What `init` asks: each question is a flag too. */
export interface Question {
  /** The flag without its dashes, e.g. `old-host`; the name of its answer. */
  readonly flag: string;
  /** The question, which is the flag's help too. */
  readonly text: string;
  /** An empty answer is one. Default: an answer is needed. */
  readonly optional?: boolean | undefined;
  /** Several answers: the flag is given once for each, and at a terminal they are separated by commas. */
  readonly several?: boolean | undefined;
  /** Not asked: what is suggested is used unless the flag is given. */
  readonly flagOnly?: boolean | undefined;
}

/** The answers so far, by their flags; an empty list is an empty answer. */
export type Answers = ReadonlyMap<string, readonly string[]>;

/** What was made from the answers. */
export interface SetupFiles {
  /** The text of each file, by its name; of the config file by its default name. */
  readonly texts: Readonly<Record<string, string>>;
  /** What only a person can give; a line for each. */
  readonly todo: readonly string[];
}

/** One making of config files: it may look around between the answers. */
export interface SetupSession extends AsyncDisposable {
  /** Proposes an answer, from the answers before it. */
  suggest(flag: string, answers: Answers, signal: AbortSignal): Promise<readonly string[]>;
  /** @throws {UsageError} an answer cannot be used. */
  files(answers: Answers, signal: AbortSignal): Promise<SetupFiles>;
}

/** Makes the config files of a runbook from a few answers; it becomes the command `init`. */
export interface Setup {
  /** What it does, for `--help`. */
  readonly description: string;
  /** In the order in which they are asked. */
  readonly questions: readonly Question[];
  /** The names of the files beside the config file, e.g. `loops.yaml`. */
  readonly beside: readonly string[];
  /**
   * Begins to make the files.
   *
   * @param tell says what is being looked at.
   */
  start(tell: (text: string) => void): Promise<SetupSession>;
}
