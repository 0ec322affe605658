import { CommandError, HostConnectionError } from '../errors.ts';
import { type ContractOptions, type ContractRunner, rejection, useFixture } from './fixture.ts';

/** Every character that an argument can hold and that one byte encodes, and some that take more. */
export const everyCharacter: string =
  Array.from({ length: 127 }, (_, index) => String.fromCodePoint(index + 1)).join('') + 'é漢🦀\u0080\uFEFF';

export function commandsContract(runner: ContractRunner, options: ContractOptions): void {
  const { describe, expect, it } = runner;
  describe('commands', () => {
    const fixture = useFixture(runner, options);

    it('gives stdout, stderr and exit code apart, with nothing stripped', async () => {
      const argv = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
      const result = await fixture.host.run(argv, { reject: false });
      expect(result).toMatchObject({ argv, host: fixture.host.name, exitCode: 3, signal: undefined });
      expect([result.stdout, result.stderr]).toEqual(['out\n', 'err\n']);
    });

    it('rejects on a non-zero exit with the result', async () => {
      const error = await rejection(fixture.host.run(['sh', '-c', 'echo why >&2; exit 7']));
      expect(error).toBeInstanceOf(CommandError);
      expect(error).toMatchObject({ code: 'COMMAND_FAILED', result: { exitCode: 7, stderr: 'why\n' } });
    });

    const codes = options.exactSignals === false ? [1, 126, 127, 255] : [1, 126, 127, 129, 143, 255];
    it.each(codes)('tells exit code %i from a signal', async (code) => {
      const { exitCode, signal } = await fixture.host.run(['sh', '-c', `exit ${code}`], { reject: false });
      expect({ exitCode, signal }).toEqual({ exitCode: code, signal: undefined });
    });

    it.each(['SIGTERM', 'SIGKILL', 'SIGUSR1', 'SIGHUP'])('tells %s from an exit code', async (name) => {
      const { exitCode, signal } = await fixture.host.run(['sh', '-c', `kill -${name.slice(3)} $$`], {
        reject: false,
      });
      expect({ exitCode, signal }).toEqual({ exitCode: undefined, signal: name });
    });

    // XCPU, SYS and a real-time one, which not every transport has a name for.
    it.each([24, 31, ...(options.realTimeSignals === false ? [] : [40])])(
      'never takes a death by signal %i for a success',
      async (number) => {
        const argv = ['sh', '-c', `kill -${number} $$`];
        const error = await rejection(fixture.host.run(argv));
        // Where nothing is told of the end, as by dropbear, it is unknown.
        if (!(error instanceof HostConnectionError)) expect(error).toBeInstanceOf(CommandError);
      },
    );

    it.each([
      ['a missing command', ['no-such-command-of-ours'], undefined, 127],
      ['a missing path', ['/no/such/command'], undefined, 127],
      ['a missing cwd', ['true'], '/no/such/directory', 127],
      ['a file that is not executable', ['/etc/passwd'], undefined, 126],
    ])('rejects %s as a shell does', async (_what, argv, cwd, exitCode) => {
      const error = await rejection(fixture.host.run(argv, cwd === undefined ? {} : { cwd }));
      expect(error).toBeInstanceOf(CommandError);
      expect(error).toMatchObject({ code: 'COMMAND_FAILED', result: { argv, exitCode, stdout: '' } });
      expect(error).toHaveProperty('result.stderr', expect.stringContaining(cwd ?? argv[0] ?? ''));
    });

    it('passes every character of an argument', async () => {
      const words = [
        '',
        ' ',
        everyCharacter,
        "'",
        '"$HOME" `id` $(id) \\',
        '-n',
        '*',
        'a\nb\n',
        ...Array.from(everyCharacter),
      ];
      const { stdout } = await fixture.host.run(['printf', '%s\\0', ...words]);
      expect(stdout.split('\0').slice(0, -1)).toEqual(words);
    });

    it('passes every character of a variable', async () => {
      const env = { ODD: everyCharacter, EMPTY: '', LINES: 'a\nb=c\n', dashed: '-x', PATH_: '$PATH' };
      const { stdout } = await fixture.host.run(['env', '-0'], { env });
      const seen = stdout.split('\0');
      for (const [name, value] of Object.entries(env)) expect(seen).toContain(`${name}=${value}`);
    });

    it('starts in cwd, whatever its name', async () => {
      const cwd = `${fixture.directory}/it's a "dir" $HOME\n-\\`;
      await fixture.host.run(['mkdir', '--', cwd]);
      const { stdout } = await fixture.host.run(['pwd', '-P'], { cwd });
      expect(stdout).toBe(`${cwd}\n`);
    });

    it.each([
      ['no command', []],
      ['NUL', ['echo', 'a\0b']],
      ['a lone surrogate', ['echo', '\uD800']],
    ])('refuses %s before anything happens', async (_what, argv) => {
      expect(await rejection(fixture.host.run(argv))).toBeInstanceOf(TypeError);
    });

    it.each([
      { cwd: 'relative' },
      { env: { 'A=B': 'c' } },
      { env: { 'a.b': 'c' } },
      { timeout: -1 },
      { timeout: Number.NaN },
    ])('refuses %o before anything happens', async (wrong) => {
      expect(await rejection(fixture.host.run(['true'], wrong))).toBeInstanceOf(TypeError);
    });
  });
}
