import { createHash, randomBytes } from 'node:crypto';

import { type ContractOptions, type ContractRunner, rejection, useFixture } from './fixture.ts';

const mebibyte = 1024 * 1024;

export function inputContract(runner: ContractRunner, options: ContractOptions): void {
  const { describe, expect, it } = runner;
  describe('input and output', () => {
    const fixture = useFixture(runner, options);

    it.each([
      ['nothing', undefined],
      ['no text', ''],
      ['no bytes', new Uint8Array()],
    ])('reads end of file at once from %s', async (_what, input) => {
      const { stdout } = await fixture.host.run(['cat'], input === undefined ? {} : { input });
      expect(stdout).toBe('');
    });

    it('carries every byte both ways', async () => {
      const input = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);
      const { stdoutBytes } = await fixture.host.run(['cat'], { input });
      expect(Buffer.from(stdoutBytes).equals(input)).toBe(true);
    });

    it('carries 8 MiB both ways', async () => {
      const input = randomBytes(8 * mebibyte);
      const { stdoutBytes } = await fixture.host.run(['cat'], { input });
      expect(sha256(stdoutBytes)).toBe(sha256(input));
    });

    it('reads input from an iterable', async () => {
      const chunks = Array.from({ length: 40 }, () => randomBytes(100_000));
      async function* source(): AsyncGenerator<Uint8Array> {
        yield* chunks;
      }
      const { stdout } = await fixture.host.run(['sha256sum'], { input: source() });
      expect(stdout.slice(0, 64)).toBe(sha256(Buffer.concat(chunks)));
    });

    it('does not mind a command that reads none of its input', async () => {
      const results = await Promise.all(
        Array.from({ length: 5 }, async () =>
          fixture.host.run(['true'], { input: randomBytes(4 * mebibyte) }),
        ),
      );
      expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0]);
    });

    it('stops an endless source when the command has ended', async () => {
      let returned: () => void;
      const stopped = new Promise<void>((resolve) => {
        returned = resolve;
      });
      async function* source(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) yield Buffer.alloc(65_536);
        } finally {
          returned();
        }
      }
      const { stdoutBytes } = await fixture.host.run(['head', '-c', '1000000'], { input: source() });
      expect(stdoutBytes).toHaveLength(1_000_000);
      await stopped;
    });

    it('rejects with the error of a source that fails, and ends the command', async () => {
      const broken = new Error('the source broke');
      async function* source(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('some');
        throw broken;
      }
      expect(await rejection(fixture.host.run(['cat'], { input: source() }))).toBe(broken);
    });

    it('ends a command that writes more than maxOutput', async () => {
      const error = await rejection(fixture.host.run(['yes'], { maxOutput: 100_000 }));
      expect(error).toMatchObject({ name: 'OutputLimitError', code: 'OUTPUT_LIMIT', maxOutput: 100_000 });
      const exact = await fixture.host.run(['head', '-c', '1000', '/dev/zero'], { maxOutput: 1000 });
      expect(exact.stdoutBytes).toHaveLength(1000);
    });
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
