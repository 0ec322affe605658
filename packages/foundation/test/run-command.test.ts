import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../src/exit-codes.ts';
import { withInterrupts } from '../src/interrupts.ts';
import { runCommand } from '../src/run-command.ts';
import { UsageError } from '../src/usage-error.ts';

function harness(action: () => Promise<void>) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const program = new Command('tool');
  program.command('go').option('--json').action(action);
  const read = (stream: PassThrough): string => String(stream.read() ?? '');
  return {
    run: (...argv: string[]) => runCommand(program, { argv, io: { stdout, stderr } }),
    stdout: () => read(stdout),
    stderr: () => read(stderr),
  };
}

const throwing = (error: Error) => () => Promise.reject(error);

describe('runCommand', () => {
  it('returns 0 when the action resolves', async () => {
    expect(await harness(() => Promise.resolve()).run('go')).toBe(exitCodes.ok);
  });

  it('prints one message and its causes on stderr', async () => {
    const tool = harness(throwing(new Error('copy failed', { cause: new Error('disk full') })));
    expect(await tool.run('go')).toBe(exitCodes.failed);
    expect(tool.stderr()).toBe('tool: copy failed\n  because: disk full\n');
    expect(tool.stdout()).toBe('');
  });

  it('writes control characters out, of an error as of an argument', async () => {
    const tool = harness(throwing(new Error('no \u001b[2Jfile', { cause: new Error('a\tb\u0007') })));
    await tool.run('go');
    expect(tool.stderr()).toBe('tool: no \\x1b[2Jfile\n  because: a\tb\\x07\n');
    const other = harness(() => Promise.resolve());
    await other.run('\u001b[2J');
    expect(other.stderr()).toContain("unknown command '\\x1b[2J'");
  });

  it('prints the error as JSON on stdout with --json', async () => {
    const tool = harness(throwing(Object.assign(new Error('no'), { code: 'NOPE' })));
    await tool.run('go', '--json');
    expect(JSON.parse(tool.stdout())).toEqual({ error: { code: 'NOPE', message: 'no', causes: [] } });
  });

  it('prints wrong arguments as JSON too, and help as it is', async () => {
    const tool = harness(() => Promise.resolve());
    expect(await tool.run('go', '--json', '--nonsense')).toBe(exitCodes.usage);
    expect(JSON.parse(tool.stdout())).toEqual({
      error: { code: 'USAGE', message: "unknown option '--nonsense'", causes: [] },
    });
    expect(tool.stderr()).toContain("error: unknown option '--nonsense'");
    const helping = harness(() => Promise.resolve());
    expect(await helping.run('go', '--json', '--help')).toBe(exitCodes.ok);
    expect(helping.stdout()).toMatch(/^Usage: /);
  });

  it('tells usage errors apart, of the parser and of an action', async () => {
    expect(await harness(() => Promise.resolve()).run('go', '--nonsense')).toBe(exitCodes.usage);
    expect(await harness(throwing(new UsageError('no such file'))).run('go')).toBe(exitCodes.usage);
  });

  it('prints the version', async () => {
    const stdout = new PassThrough();
    const io = { stdout, stderr: new PassThrough() };
    expect(await runCommand(new Command('tool'), { argv: ['--version'], io, version: '1.2.3' })).toBe(0);
    expect(String(stdout.read())).toBe('1.2.3\n');
  });

  it('ends when whoever reads the output goes away, and lets an action that heeds signals end itself', async () => {
    const stdout = new PassThrough();
    const io = { stdout, stderr: new PassThrough() };
    const run = async (action: () => Promise<void>): Promise<number> => {
      const program = new Command('tool').action(action);
      return await runCommand(program, { argv: [], io });
    };
    const leave = (): void =>
      void stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    const endless = run(() => new Promise(() => undefined));
    leave();
    expect(await endless).toBe(exitCodes.brokenPipe);

    stdout.removeAllListeners('error');
    const heeding = run(() =>
      withInterrupts(async (signal) => {
        await once(signal, 'abort');
        signal.throwIfAborted();
      }),
    );
    leave();
    leave();
    expect(await heeding).toBe(exitCodes.terminated);

    stdout.removeAllListeners('error');
    const listening = run(async () => void (await new Promise((resolve) => stdout.once('error', resolve))));
    leave();
    expect(await listening).toBe(exitCodes.ok);
  });

  it('tells of a broken pipe that is not its output as of any other error', async () => {
    const tool = harness(throwing(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })));
    expect(await tool.run('go')).toBe(exitCodes.failed);
    expect(tool.stderr()).toBe('tool: write EPIPE\n');
  });

  it('suggests the command that was meant', async () => {
    const tool = harness(() => Promise.resolve());
    expect(await tool.run('og')).toBe(exitCodes.usage);
    expect(tool.stderr()).toContain('Did you mean go?');
  });
});
