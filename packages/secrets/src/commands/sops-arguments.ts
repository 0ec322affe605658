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
 * it is the identity.
 */
export function fromSopsArguments(argv: readonly string[]): string[] {
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
