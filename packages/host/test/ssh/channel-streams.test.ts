import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

import { rejection } from '@cutover/host-contract/suite';
import { startSshd } from '@cutover/test-support/sshd';
import { afterAll, describe, expect, it } from 'vitest';

import { HostConnectionError, sshHost } from '../../src/index.ts';
import { startRelay } from './relay.ts';

const mebibyte = 1024 * 1024;
const sshd = await startSshd();
afterAll(async () => await sshd[Symbol.asyncDispose]());

describe('the outputs of a command', () => {
  it('hold it back while one of them is not read, and lose nothing', async () => {
    await using host = sshHost(sshd.options);
    await using command = host.stream([
      'sh',
      '-c',
      'head -c 16000000 /dev/zero >&2 & sleep 0.5; head -c 64000000 /dev/zero; wait',
    ]);
    let read = 0;
    command.stdout.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    const whole = once(command.stdout, 'end');
    await setTimeout(1_500);
    expect(read).toBeLessThan(8 * mebibyte);
    const errors = await buffer(command.stderr);
    await whole;
    expect([read, errors.length]).toEqual([64_000_000, 16_000_000]);
    expect(await command.exit).toEqual({ exitCode: 0, signal: undefined });
  });

  it('go on when the reader of the other one leaves', async () => {
    await using host = sshHost(sshd.options);
    await using command = host.stream(['sh', '-c', 'head -c 16000000 /dev/zero >&2; echo done']);
    await setTimeout(300);
    command.stderr.destroy();
    expect((await buffer(command.stdout)).toString()).toBe('done\n');
    expect(await command.exit).toEqual({ exitCode: 0, signal: undefined });
  });

  it('come whole to slow readers beside one another, also by a jump host', async () => {
    await using host = sshHost({ ...sshd.options, jump: sshd.options });
    await Promise.all(
      Array.from({ length: 4 }, async (_, index) => {
        const sent = randomBytes(3 * mebibyte + index * 77_777);
        await using command = host.stream(['cat']);
        const pieces = Array.from({ length: Math.ceil(sent.length / 50_000) }, (_piece, at) =>
          sent.subarray(at * 50_000, (at + 1) * 50_000),
        );
        Readable.from(pieces).pipe(command.stdin);
        const hash = createHash('sha256');
        for await (const chunk of command.stdout) {
          hash.update(chunk as Buffer);
          await setTimeout(index * 3);
        }
        expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
      }),
    );
  });

  it.each(['ssh2', 'openssh'] as const)(
    'are whole or an error when the connection is cut after the command has ended (%s)',
    async (client) => {
      await using relay = await startRelay(sshd.options.port);
      await using host = sshHost({ ...sshd.options, port: relay.port, client });
      await using command = host.stream(['head', '-c', '1500000', '/dev/zero']);
      expect(await command.exit).toEqual({ exitCode: 0, signal: undefined });
      relay.cut();
      await setTimeout(200);
      const outcome = await buffer(command.stdout).then(
        ({ length }) => length,
        (error: unknown) => (error instanceof HostConnectionError ? error.code : error),
      );
      expect([1_500_000, 'CONNECTION_LOST']).toContain(outcome);
    },
  );

  it('are an error when the connection is cut while much waits for the reader', async () => {
    await using relay = await startRelay(sshd.options.port);
    await using host = sshHost({ ...sshd.options, port: relay.port });
    await using command = host.stream(['cat', '/dev/zero']);
    await once(command.stdout, 'readable');
    await setTimeout(200);
    relay.cut();
    expect(await rejection(buffer(command.stdout))).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(await rejection(command.exit)).toMatchObject({ code: 'CONNECTION_LOST' });
  });
});
