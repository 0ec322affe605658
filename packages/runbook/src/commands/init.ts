import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isErrno } from '@cutover/foundation/errno';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { write } from '@cutover/foundation/io';
import { type Command, Option } from 'commander';
import { UsageError } from '../engine/errors.ts';
import { askText } from './ask.ts';
import type { CommandContext } from './context.ts';
import { quoted, withConfigOption } from './options.ts';
import type { Answers, Question, Setup, SetupSession } from './setup.ts';

interface InitFlags {
  readonly config: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** Adds `init`, where the runbook can make its config files. */
export function addInitCommand<World>(program: Command, context: CommandContext<World>, setup: Setup): void {
  const { command } = context;
  const init = withConfigOption(program.command('init'), command)
    .description(setup.description)
    .option('--yes', 'ask nothing: use what the flags say, and what is suggested where they say nothing')
    .option('--json', 'print JSON: one document');
  for (const { flag, text, several = false } of setup.questions) {
    const option = new Option(`--${flag} <${several ? 'one' : 'answer'}>`, text);
    if (several) option.argParser<string[] | undefined>((one, before) => [...(before ?? []), one]);
    init.addOption(option);
  }
  init.action(async (flags: InitFlags) => initialize(context, setup, flags, givenBy(init, setup)));
}

function givenBy(init: Command, { questions }: Setup): Answers {
  const given = questions.flatMap(({ flag }): [string, string[]][] => {
    const value: unknown = init.getOptionValue(camelCase(flag));
    if (value === undefined) return [];
    const all = (Array.isArray(value) ? value : [value]).map(String);
    return [[flag, all.filter((one) => one !== '')]];
  });
  return new Map(given);
}

/** As commander names the values of its options. */
function camelCase(flag: string): string {
  return flag.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

async function initialize<World>(
  { command, io, interactive }: CommandContext<World>,
  setup: Setup,
  flags: InitFlags,
  given: Answers,
): Promise<void> {
  const folder = dirname(resolve(flags.config));
  const { configFile = `${command.name}.yaml` } = command;
  const own = basename(flags.config);
  if (setup.beside.includes(own))
    throw new UsageError(`--config ${flags.config}: ${own} is another file of these; name it otherwise`);
  const names = [own, ...setup.beside];
  await refuseToOverwrite(folder, names);
  const ask = interactive && flags.yes !== true && flags.json !== true;
  await withInterrupts(async (signal) => {
    const tell = (text: string): void => void io.stderr.write(`${text}\n`);
    await using session = await setup.start(tell);
    const answers = await collectAnswers(setup.questions, given, session, ask, signal);
    const { texts, todo } = await session.files(answers, signal);
    const files = names.map((name) => ({
      path: join(folder, name),
      // The config file's text goes by the name that it has by default.
      text: texts[name === own ? configFile : name] ?? '',
    }));
    await writeAll(folder, files);
    const paths = files.map(({ path }) => path);
    const next = `${command.name} doctor --config ${quoted(flags.config)}`;
    const text =
      flags.json === true
        ? JSON.stringify({ files: paths, todo, next })
        : [
            ...paths.map((path) => `wrote ${path}`),
            ...(todo.length === 0 ? [] : ['', 'Left to you:', ...todo.map((line) => `  - ${line}`)]),
            '',
            `look at everything: ${next}`,
          ].join('\n');
    await write(io.stdout, `${text}\n`);
  });
}

/** @throws {UsageError} an answer is missing, and no one can be asked; all of them are named. */
async function collectAnswers(
  questions: readonly Question[],
  given: Answers,
  session: SetupSession,
  ask: boolean,
  signal: AbortSignal,
): Promise<Answers> {
  const answers = new Map<string, readonly string[]>();
  const missing: Question[] = [];
  for (const question of questions) {
    const { flag, optional = false, flagOnly = false } = question;
    let answer = given.get(flag) ?? (await session.suggest(flag, answers, signal));
    if (ask && !flagOnly && !given.has(flag)) answer = await askQuestion(question, answer, signal);
    if (answer.length === 0 && !optional) missing.push(question);
    answers.set(flag, answer);
  }
  if (missing.length > 0) {
    const lines = missing.map(({ flag, text }) => `  --${flag}: ${text}`);
    throw new UsageError(
      `these have no answer, so nothing was written; give them by flags:\n${lines.join('\n')}`,
    );
  }
  return answers;
}

async function askQuestion(
  { text, optional = false, several = false }: Question,
  suggested: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const typed = await askText(text, suggested.join(', '), optional, signal);
  return (several ? typed.split(',') : [typed]).map((one) => one.trim()).filter((one) => one !== '');
}

/** @throws {UsageError} one of the files is there. */
async function refuseToOverwrite(folder: string, names: readonly string[]): Promise<void> {
  const there: string[] = [];
  for (const name of names) {
    try {
      await access(join(folder, name));
      there.push(join(folder, name));
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    }
  }
  if (there.length > 0)
    throw new UsageError(
      `nothing is overwritten, and there already: ${there.join(', ')}; move what is there, or name another --config`,
    );
}

/** All of them, or none. */
async function writeAll(
  folder: string,
  files: readonly { readonly path: string; readonly text: string }[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  try {
    for (const { path, text } of files) {
      await writeFile(path, text, { flag: 'wx' });
      written.push(path);
    }
  } catch (error) {
    await Promise.all(written.map((path) => rm(path)));
    throw error;
  }
}
