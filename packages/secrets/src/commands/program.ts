import { Command } from 'commander';
import { type CommandName, descriptions } from './descriptions.ts';
import { exitCodeText } from './exit-codes.ts';

/** Adds a command's arguments, options and action. */
type Setup = (command: Command) => Command;

/** The commands' own files, each loaded only when it is named: ssh and its like take longer to load than most commands. */
const setups: Readonly<Record<CommandName, () => Promise<Setup>>> = {
  keygen: async () => (await import('./keygen/command.ts')).setUpKeygen,
  encrypt: async () => (await import('./encrypt/command.ts')).setUpEncrypt,
  decrypt: async () => (await import('./decrypt/command.ts')).setUpDecrypt,
  edit: async () => (await import('./edit/command.ts')).setUpEdit,
  set: async () => (await import('./set/command.ts')).setUpSet,
  unset: async () => (await import('./unset/command.ts')).setUpUnset,
  'exec-env': async () => (await import('./exec-env/command.ts')).setUpExecEnv,
  'exec-file': async () => (await import('./exec-file/command.ts')).setUpExecFile,
  filestatus: async () => (await import('./filestatus/command.ts')).setUpFilestatus,
  rotate: async () => (await import('./rotate/command.ts')).setUpRotate,
  updatekeys: async () => (await import('./updatekeys/command.ts')).setUpUpdatekeys,
  move: async () => (await import('./move/command.ts')).setUpMove,
  verify: async () => (await import('./verify/command.ts')).setUpVerify,
  guard: async () => (await import('./guard/command.ts')).setUpGuard,
  'git-setup': async () => (await import('./git-setup/command.ts')).setUpGitSetup,
  scan: async () => (await import('./scan/command.ts')).setUpScan,
  revoke: async () => (await import('./revoke/command.ts')).setUpRevoke,
  lint: async () => (await import('./lint/command.ts')).setUpLint,
  activate: async () => (await import('./activate/command.ts')).setUpActivate,
};

/** The program for these arguments: of the commands that they do not name it has the description only, but for `completion`. */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('secrets')
    .enablePositionalOptions()
    .description('sops files natively, and secrets that move from host to host without being seen')
    .addHelpText('after', `\n${exitCodeText()}`);
  const named = argv[0] === 'help' ? argv[1] : argv[0];
  for (const [name, description] of Object.entries(descriptions)) {
    const command = new Command(name).description(description);
    const isWanted = name === named || named === 'completion';
    program.addCommand(isCommand(name) && isWanted ? (await setups[name]())(command) : command);
  }
  return program;
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(setups, name);
}
