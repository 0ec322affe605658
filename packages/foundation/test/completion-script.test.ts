import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command, Option } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { completionScript } from '../src/completion-script.ts';

const run = promisify(execFile);

const program = new Command('tool');
program
  .command('deploy')
  .description("bring it up; it's quick")
  .addOption(new Option('-a, --action <action>', 'what: to do').choices(['switch', 'boot']))
  .option('--dry-run', 'change nothing');
program.command('phase').description('plan phases').command('advance');

/** A shell at a terminal, with the completion loaded. */
async function openShell(shell: 'bash' | 'zsh' | 'fish') {
  const folder = await mkdtemp(join(tmpdir(), 'completion-'));
  const script = join(folder, 'script');
  await writeFile(script, completionScript(program, shell));
  await writeFile(join(folder, 'a-file'), '');
  const starts = {
    bash: ['bash', '--norc', '--noprofile', '-i'],
    zsh: ['zsh', '-f', '-i'],
    fish: ['fish', '--no-config', '-i'],
  };
  const loads = {
    bash: `. ${script}`,
    zsh: `autoload -U compinit; compinit -D; . ${script}`,
    fish: `. ${script}`,
  };
  const tmux = async (...argv: string[]): Promise<string> =>
    (await run('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...argv], { cwd: folder })).stdout;
  const screen = (): Promise<string> => tmux('capture-pane', '-p');
  const shows = (text: string): Promise<void> =>
    vi.waitFor(async () => expect(await screen()).toContain(text), { timeout: 20_000, interval: 50 });
  await tmux('new-session', '-d', '-x', '120', '-e', `HOME=${folder}`, '-e', 'PS1=$ ', ...starts[shell]);
  await tmux('send-keys', `${loads[shell]}; echo read''y`, 'Enter');
  await shows('ready');
  return {
    /** Types, asks for the completion, and waits for a line that has it. @returns what the line has by then. */
    async complete(typed: string, expected: string): Promise<string> {
      await tmux('send-keys', typed, 'Tab');
      const line = await vi.waitUntil(
        async () => (await screen()).split('\n').find((one) => one.includes(expected)),
        { timeout: 20_000, interval: 50 },
      );
      await tmux('send-keys', 'C-u');
      return line;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await tmux('kill-server');
      // A shell that loses its terminal still writes its history.
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
  };
}

describe.each(['bash', 'zsh', 'fish'] as const)('in %s', (shell) => {
  it('a command is completed: subcommands at each depth, options, fixed values, files', async () => {
    await using open = await openShell(shell);
    expect(await open.complete('tool dep', 'tool deploy')).toContain('tool deploy');
    expect(await open.complete('tool phase adv', 'tool phase advance')).toContain('tool phase advance');
    expect(await open.complete('tool deploy --dr', 'tool deploy --dry-run')).toContain(
      'tool deploy --dry-run',
    );
    expect(await open.complete('tool deploy --action sw', 'tool deploy --action switch')).toContain(
      'tool deploy --action switch',
    );
    expect(await open.complete('tool deploy a-fi', 'tool deploy a-file')).toContain('tool deploy a-file');
  });
});
