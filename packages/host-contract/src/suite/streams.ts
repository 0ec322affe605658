import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import {
  type ContractOptions,
  type ContractRunner,
  processesWith,
  rejection,
  uniqueSleep,
  until,
  useFixture,
} from './fixture.ts';

const mebibyte = 1024 * 1024;

export function streamsContract(runner: ContractRunner, options: ContractOptions): void {
  const { describe, expect, it } = runner;
  describe('streams', () => {
    const fixture = useFixture(runner, options);

    it('speaks with a command while it runs', async () => {
      await using command = fixture.host.stream(['cat']);
      for (const word of ['one', 'two', 'three']) {
        command.stdin.write(word);
        const [chunk] = (await once(command.stdout, 'data')) as [Buffer];
        expect(chunk.toString()).toBe(word);
      }
      command.stdin.end();
      expect(await command.exit).toEqual({ exitCode: 0, signal: undefined });
    });

    it('keeps stdout and stderr apart, and resolves on a non-zero exit', async () => {
      await using command = fixture.host.stream(['sh', '-c', 'echo out; echo err >&2; exit 5']);
      expect(await Promise.all([text(command.stdout), text(command.stderr)])).toEqual(['out\n', 'err\n']);
      expect(await command.exit).toEqual({ exitCode: 5, signal: undefined });
    });

    it('ends a missing command with 127', async () => {
      await using command = fixture.host.stream(['no-such-command-of-ours']);
      expect(await text(command.stderr)).toContain('no-such-command-of-ours');
      expect(await command.exit).toEqual({ exitCode: 127, signal: undefined });
    });

    it('goes on with one output when the reader of the other one leaves', async () => {
      await using command = fixture.host.stream(['sh', '-c', 'echo some >&2; cat; echo done']);
      for await (const chunk of command.stderr) {
        expect(String(chunk)).toBe('some\n');
        break;
      }
      command.stdin.end('more\n');
      expect(await text(command.stdout)).toBe('more\ndone\n');
      expect(await command.exit).toEqual({ exitCode: 0, signal: undefined });
    });

    it('goes on with one output when the other one had no reader from the start', async () => {
      await using command = fixture.host.stream(['sh', '-c', 'cat; echo done']);
      command.stderr.destroy();
      command.stdin.end('more\n');
      expect(await text(command.stdout)).toBe('more\ndone\n');
      expect(await command.exit).toEqual({ exitCode: 0, signal: undefined });
    });

    it('holds a command back while its reader pauses, and loses no byte', async () => {
      const size = (options.soak === true ? 256 : 64) * mebibyte;
      const seed = randomBytes(mebibyte);
      const file = `${fixture.directory}/seed`;
      await fixture.host.writeFile(file, seed, { mode: 0o600 });
      const script = 'i=0; while [ $i -lt "$2" ]; do cat "$1"; i=$((i+1)); done';
      await using command = fixture.host.stream(['sh', '-c', script, 'sh', file, String(size / mebibyte)]);
      const before = process.memoryUsage().rss;
      await once(command.stdout, 'readable');
      await new Promise((resolve) => setTimeout(resolve, options.soak === true ? 3_000 : 500));
      expect(process.memoryUsage().rss - before).toBeLessThan(48 * mebibyte);

      const hash = createHash('sha256');
      for await (const chunk of command.stdout) hash.update(chunk as Buffer);
      const expected = createHash('sha256');
      for (let left = size; left > 0; left -= mebibyte) expected.update(seed);
      expect(hash.digest('hex')).toBe(expected.digest('hex'));
      expect(await command.exit).toEqual({ exitCode: 0, signal: undefined });
    });

    it('holds a writer back while the command does not read', async () => {
      await using command = fixture.host.stream(['sleep', '1000']);
      let written = 0;
      while (written < 64 * mebibyte && command.stdin.write(Buffer.alloc(mebibyte))) written += mebibyte;
      const drained = await Promise.race([
        once(command.stdin, 'drain').then(() => true),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 200)),
      ]);
      // A transport may take a window's worth ahead, and no more.
      if (drained) expect(written).toBeLessThan(8 * mebibyte);
    });

    it.each(['SIGTERM', 'SIGKILL', 'SIGINT'] as const)('sends %s', async (signal) => {
      await using command = fixture.host.stream(['sleep', '1000']);
      await command.kill(signal);
      expect(await command.exit).toEqual({ exitCode: undefined, signal });
    });

    it('ends the command when it is disposed of', async () => {
      const seconds = uniqueSleep();
      {
        await using command = fixture.host.stream(['sh', '-c', 'sleep "$1" & wait', 'sh', seconds]);
        void command;
        await until(async () => (await processesWith(fixture.host, seconds)).length > 0);
      }
      await until(async () => (await processesWith(fixture.host, seconds)).length === 0);
    });

    it('rejects its exit and breaks its output at a timeout', async () => {
      await using command = fixture.host.stream(['sleep', '1000'], { timeout: 200 });
      const reading = rejection(text(command.stdout));
      expect(await rejection(command.exit)).toMatchObject({ code: 'COMMAND_TIMEOUT' });
      expect(await reading).toMatchObject({ code: 'COMMAND_TIMEOUT' });
    });
  });
}
