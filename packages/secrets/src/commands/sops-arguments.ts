/** The flags with which `sops -d FILE` and the like name a command. */
const commands: Readonly<Record<string, string>> = {
  '-d': 'decrypt',
  '--decrypt': 'decrypt',
  '-e': 'encrypt',
  '--encrypt': 'encrypt',
  '-r': 'rotate',
  '--rotate': 'rotate',
};

/**
 * The arguments of `sops -d FILE`, `-e -i FILE` and `-r -i FILE` as ours. There `-i` means in place; with our commands by name
 * it is the identity, but for `encrypt`, which needs none, and where no identity can be meant.
 */
export function fromSopsArguments(argv: readonly string[]): string[] {
  const [name = ''] = argv;
  if (name === 'decrypt' || name === 'rotate') return withInPlace(argv);
  const end = argv.findIndex((one) => !one.startsWith('-'));
  const flags = argv.slice(0, end < 0 ? argv.length : end);
  const flag = flags.find((one) => commands[one] !== undefined);
  const command = flag === undefined ? undefined : commands[flag];
  if (command === undefined) return [...argv];
  const rest = argv.filter((one) => one !== flag);
  // A rotation always replaces the file.
  if (command === 'rotate') return [command, ...rest.filter((one) => one !== '-i' && one !== '--in-place')];
  return [command, ...rest.map((one) => (one === '-i' ? '--in-place' : one))];
}

/** `-i` is in place where an option follows it, or where it and one file are all that is given. */
function withInPlace(argv: readonly string[]): string[] {
  return argv.map((one, index) =>
    one === '-i' && (argv.length === 3 || /^-./.test(argv[index + 1] ?? '')) ? '--in-place' : one,
  );
}
