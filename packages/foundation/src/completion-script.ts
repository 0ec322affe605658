import type { Command, Option } from 'commander';

/** What writes the program, for each shell. */
const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** One word that may come next. */
interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** A place in the command tree: the subcommands typed so far, each after a space, and what may follow there. */
interface Place {
  readonly at: string;
  readonly subcommands: readonly Candidate[];
  readonly options: readonly Candidate[];
  /** The values of those options, and of the first argument, that have a fixed set of them. */
  readonly values: readonly { readonly after: readonly string[]; readonly choices: readonly string[] }[];
  readonly firstArgument: readonly string[];
}

/**
 * A program for a shell that completes a command: its subcommands, options, and values that have fixed choices; files
 * everywhere else. It is made of the command tree as it is, and asks nothing when it runs.
 */
export function completionScript(program: Command, shell: keyof typeof scripts): string {
  return scripts[shell](program.name(), placesOf(program, ''));
}

function placesOf(command: Command, at: string): Place[] {
  const options = command.options.filter(({ hidden }) => !hidden);
  const subcommands = command.commands.map((sub) => ({ word: sub.name(), description: sub.description() }));
  const place: Place = {
    at,
    subcommands,
    options: [
      ...options.flatMap(({ long, short, description }) => {
        const word = long ?? short;
        return word === undefined ? [] : [{ word, description }];
      }),
      { word: '--help', description: 'display help for command' },
    ],
    values: options.flatMap((option) => {
      const { argChoices } = option;
      return argChoices === undefined ? [] : [{ after: namesOf(option), choices: argChoices }];
    }),
    firstArgument: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [place, ...command.commands.flatMap((sub) => placesOf(sub, `${at} ${sub.name()}`))];
}

function namesOf({ short, long }: Option): string[] {
  return [short, long].filter((name) => name !== undefined);
}

/** What every shell asks of a place: its words, without their descriptions. */
const wordsOf = ({ subcommands, options, firstArgument }: Place): string[] => [
  ...subcommands.map(({ word }) => word),
  ...firstArgument,
  ...options.map(({ word }) => word),
];

/** A `case` that follows the subcommands typed so far. */
const follow = (places: readonly Place[]): string =>
  `case "$at $word" in\n${places
    .filter(({ at }) => at !== '')
    .map(({ at }) => `      ${quote(at)}) at=${quote(at)} ;;\n`)
    .join('')}    esac`;

/** A `case` with a branch for each option, at each place, whose values are known. */
const valueBranches = (places: readonly Place[], branch: (choices: readonly string[]) => string): string =>
  places
    .flatMap(({ at, values: known }) =>
      known.map(({ after, choices }) => {
        const patterns = after.map((option) => quote(`${at} ${option}`)).join('|');
        return `    ${patterns}) ${branch(choices)} ;;\n`;
      }),
    )
    .join('');

function bashScript(name: string, places: readonly Place[]): string {
  const call = functionName(name);
  const words = places.map(
    (place) => `    ${quote(place.at)}) words=${quote(wordsOf(place).join(' '))} ;;\n`,
  );
  return `# ${name}: completion for bash. Put this into ~/.bashrc:  source <(${name} completion bash)
${call}() {
  local at='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    ${follow(places)}
  done
  case "$at" in
${words.join('')}  esac
  case "$at \${COMP_WORDS[COMP_CWORD-1]}" in
${valueBranches(places, (choices) => `words=${quote(choices.join(' '))}`)}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F ${call} ${name}
`;
}

function zshScript(name: string, places: readonly Place[]): string {
  const call = functionName(name);
  /** zsh takes \`word:description\`. */
  const described = ({ word, description }: Candidate): string =>
    quote(`${word.replaceAll(':', '\\:')}:${description.split('\n')[0] ?? ''}`);
  const words = places.map(({ at, subcommands, options, firstArgument }) => {
    const first = [...subcommands, ...firstArgument.map((word) => ({ word, description: '' }))];
    return `    ${quote(at)}) words_here=(${first.map(described).join(' ')}) options_here=(${options.map(described).join(' ')}) ;;\n`;
  });
  return `#compdef ${name}
# ${name}: completion for zsh. Put this into ~/.zshrc, after compinit:  source <(${name} completion zsh)
${call}() {
  local at='' word
  local -a words_here options_here
  for word in "\${(@)words[2,CURRENT-1]}"; do
    ${follow(places)}
  done
  case "$at \${words[CURRENT-1]}" in
${valueBranches(places, (choices) => `compadd -- ${choices.map(quote).join(' ')}; return`)}  esac
  case "$at" in
${words.join('')}  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe option options_here
  elif (( \${#words_here} )); then
    _describe command words_here
  else
    _files
  fi
}
compdef ${call} ${name}
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const call = `${functionName(name)}_at`;
  const steps = places
    .filter(({ at }) => at !== '')
    .map(({ at }) => `            case ${fishQuote(at)}\n                set at ${fishQuote(at)}\n`);
  const lines = places.flatMap(({ at, subcommands, options, values: known, firstArgument }) => {
    const here = `complete -c ${name} -n ${fishQuote(`test (${call}) = ${fishQuote(at)}`)}`;
    const plain = [...subcommands, ...firstArgument.map((word) => ({ word, description: '' }))];
    const choicesOf = (word: string): readonly string[] | undefined =>
      known.find(({ after }) => after.includes(word))?.choices;
    return [
      ...plain.map(
        ({ word, description }) => `${here} -f -a ${fishQuote(word)} -d ${fishQuote(description)}`,
      ),
      ...options.map(({ word, description }) => {
        const kind = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
        const choices = choicesOf(word);
        const values = choices === undefined ? '' : ` -x -a ${fishQuote(choices.join(' '))}`;
        return `${here} ${kind} -d ${fishQuote(description)}${values}`;
      }),
    ];
  });
  return `# ${name}: completion for fish. Once:  ${name} completion fish > ~/.config/fish/completions/${name}.fish
function ${call}
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
${steps.join('')}        end
    end
    printf '%s\\n' "$at"
end
${lines.join('\n')}
`;
}

/** A name that all three shells take for a function. */
const functionName = (name: string): string => `_${name.replaceAll(/[^a-z0-9]/gi, '_')}_completion`;

/** For bash and zsh. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** In fish, a backslash counts inside single quotes too. */
const fishQuote = (text: string): string =>
  `'${
    text
      .split('\n')[0]
      ?.replaceAll('\\', '\\\\')
      .replaceAll("'", String.raw`\'`) ?? ''
  }'`;
