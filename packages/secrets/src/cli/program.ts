import { Command } from 'commander';
import { activateCommand } from './activate.ts';
import { decryptCommand } from './decrypt.ts';
import { encryptCommand } from './encrypt.ts';
import { keygenCommand } from './keygen.ts';
import { setCommand, unsetCommand } from './set.ts';

/** A command whose own file is only loaded when it runs: ssh and its like take longer to load than most commands. */
interface LazyCommand {
  readonly name: string;
  readonly load: () => Promise<Command>;
}

const lazy: readonly LazyCommand[] = [
  { name: 'edit', load: async () => (await import('./edit.ts')).editCommand() },
  { name: 'rotate', load: async () => (await import('./recipients.ts')).rotateCommand() },
  { name: 'updatekeys', load: async () => (await import('./recipients.ts')).updatekeysCommand() },
  { name: 'revoke', load: async () => (await import('./recipients.ts')).revokeCommand() },
  { name: 'move', load: async () => (await import('./move.ts')).moveCommand() },
  { name: 'verify', load: async () => (await import('./move.ts')).verifyCommand() },
  { name: 'guard', load: async () => (await import('./checks.ts')).guardCommand() },
  { name: 'scan', load: async () => (await import('./checks.ts')).scanCommand() },
  { name: 'lint', load: async () => (await import('./checks.ts')).lintCommand() },
];

/** The program for these arguments: the commands they do not name are loaded for help only. */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('secrets')
    .description('sops files natively, and secrets that move without ever being seen')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 usage or config, 10 a check found something, 11 no identity opens the file,\n12 the file was changed or is damaged, 130 and 143 interrupted, 141 whoever read the output went away.',
    );
  const eager = [
    keygenCommand(),
    encryptCommand(),
    decryptCommand(),
    setCommand(),
    unsetCommand(),
    activateCommand(),
  ];
  for (const command of eager) program.addCommand(command);
  const [named] = argv;
  const isEager = eager.some((command) => command.name() === named);
  if (isEager || named === '--version') return program;
  const wanted = lazy.filter(({ name }) => name === named);
  for (const { load } of wanted.length > 0 ? wanted : lazy) program.addCommand(await load());
  return program;
}
