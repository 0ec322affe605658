import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type IncusClient, connectIncus, incusHost } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { type Box, sleepingBox } from './box.ts';
import { soak } from './soak.ts';

let lab: Lab;
let box: Box;
let client: IncusClient;
beforeAll(async () => {
  lab = await openLab();
  box = await sleepingBox(lab);
  client = await connectIncus({ socketPath: lab.folders.socket });
});
afterAll(async () => {
  await client.close();
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const sockets = () => process.getActiveResourcesInfo().filter((kind) => /Pipe|TCP|TLS/.test(kind)).length;

test('execs in a row: no byte is lost, and the sockets are back where they were', async () => {
  await client.exec.run(box.name, ['true']);
  const before = sockets();
  for (let turn = soak(500, 25); turn > 0; turn -= 1) {
    const input = randomBytes(2_000);
    const { exitCode, stdout, stderr } = await client.exec.run(
      box.name,
      ['sh', '-c', 'tee /tmp/in; cat /tmp/in >&2; exit 5'],
      { input },
    );
    expect(exitCode).toBe(5);
    expect(stdout.equals(input) && stderr.equals(input)).toBe(true);
  }
  await expect.poll(sockets).toBeLessThanOrEqual(before);
});

test('commands that end as soon as they begin come to their end, however busy it is', async () => {
  let left = soak(5000, 300);
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const signal = AbortSignal.timeout(60_000);
      expect(await client.exec.run(box.name, ['true'], { signal })).toMatchObject({ exitCode: 0 });
    }
  };
  await Promise.all(Array.from({ length: 12 }, worker));
});

test('many at once, and close() leaves no handle', async () => {
  const before = sockets();
  const own = await connectIncus({ socketPath: lab.folders.socket });
  const results = await Promise.all(
    Array.from({ length: soak(50, 20) }, async (_, index) => {
      const { exitCode, stdout } = await own.exec.run(box.name, ['sh', '-c', 'cat; exit 3'], {
        input: `hello ${index}`,
      });
      return { index, exitCode, text: stdout.toString() };
    }),
  );
  for (const { index, exitCode, text } of results)
    expect({ exitCode, text }).toEqual({ exitCode: 3, text: `hello ${index}` });
  await own.close();
  await expect.poll(sockets).toBeLessThanOrEqual(before);
});

test('close() ends what is under way, each with its error, and leaves no handle', async () => {
  const before = sockets();
  const own = await connectIncus({ socketPath: lab.folders.socket });
  const session = await own.exec.start(box.name, ['cat']);
  const sftp = await own.files.sftp(box.name);
  await lab.client.exec.run(box.name, ['truncate', '-s', '8G', '/endless']);
  let begun = 0;
  const readAll = async (from: AsyncIterable<unknown>) => {
    let pieces = 0;
    for await (const _piece of from) if (pieces++ === 0) begun += 1;
  };
  const endings = [
    readAll(own.events()),
    readAll(session.stdout),
    readAll(sftp.read('/endless')),
    session.exit,
    own.operations.wait(session.operationId),
  ].map(async (ending) => (await Promise.allSettled([ending]))[0]);
  session.stdin.write('hello');
  const begunAfterAnother = async () => {
    await lab.client.exec.run(box.name, ['true']);
    return begun;
  };
  await expect.poll(begunAfterAnother).toBe(3);
  await own.close();
  const lost = (code: string) => ({ status: 'rejected', reason: expect.objectContaining({ code }) });
  expect(await Promise.all(endings)).toEqual(
    ['CONNECTION_LOST', 'CONNECTION_LOST', 'CONNECTION_LOST', 'OPERATION_LOST', 'OPERATION_LOST'].map(lost),
  );
  await expect.poll(sockets).toBeLessThanOrEqual(before);
});

test('256 MiB of output, exactly, through a reader that pauses for 3 s, in bounded memory', async () => {
  const size = soak(256, 64) * 1024 * 1024;
  const script = `head -c ${size} /dev/zero | openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 0 2>/dev/null | tee /tmp/out`;
  await using session = await client.exec.start(box.name, ['sh', '-c', script]);
  session.stdin.end();
  const hash = createHash('sha256');
  let bytes = 0;
  let paused = false;
  global.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  for await (const chunk of session.stdout) {
    hash.update(chunk);
    bytes += chunk.length;
    peak = Math.max(peak, process.memoryUsage().rss);
    if (!paused && bytes > size / 4) {
      paused = true;
      await delay(soak(3_000, 1_000));
    }
  }
  expect(await session.exit).toBe(0);
  expect(bytes).toBe(size);
  const { stdout } = await client.exec.run(box.name, ['sha256sum', '/tmp/out']);
  expect(hash.digest('hex')).toBe(stdout.toString().split(' ')[0]);
  expect(peak - before).toBeLessThan(64 * 1024 * 1024);
  await client.exec.run(box.name, ['rm', '/tmp/out']);
});

test('large input arrives exactly', async () => {
  const input = randomBytes(8 * 1024 * 1024);
  const { stdout } = await client.exec.run(box.name, ['sha256sum'], { input });
  expect(stdout.toString().split(' ')[0]).toBe(createHash('sha256').update(input).digest('hex'));
});

test('a command that reads none of its input ends all the same', async () => {
  const { exitCode } = await client.exec.run(box.name, ['true'], { input: randomBytes(4 * 1024 * 1024) });
  expect(exitCode).toBe(0);
});

test('aborting an exec ends the process in the guest at once', async () => {
  const aborting = new AbortController();
  const session = await client.exec.start(box.name, ['sleep', '31415'], { signal: aborting.signal });
  const watch =
    'until pgrep -xf "sleep 31415" >/dev/null; do :; done; echo there; while pgrep -xf "sleep 31415" >/dev/null; do sleep 0.01; done; date +%s%3N';
  await using watcher = await client.exec.start(box.name, ['sh', '-c', watch]);
  let seen = '';
  watcher.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await expect.poll(() => seen).toContain('there');
  const aborted = Date.now();
  aborting.abort(new Error('enough'));
  await expect(session.exit).rejects.toThrow('enough');
  expect(await watcher.exit).toBe(0);
  await expect.poll(() => seen).toMatch(/\d+\n$/);
  // Host and guest have the one clock of their kernel; by itself it would sleep for hours.
  expect(Number(seen.split('\n')[1]) - aborted).toBeLessThan(20_000);
});

test("an exec that is aborted rejects with the signal's own reason, its streams too, and leaves no process", async () => {
  // By turns before, while and after the channels are attached.
  const delays = Array.from({ length: soak(60, 12) }, (_, turn) => turn * 4);
  const outcomes = await Promise.all(
    delays.map(async (milliseconds) => {
      const aborting = new AbortController();
      const outcome = client.exec
        .run(box.name, ['sleep', '27182'], { signal: aborting.signal })
        .catch((error: unknown) => String(error));
      await delay(milliseconds);
      aborting.abort(new Error('enough'));
      return outcome;
    }),
  );
  expect(new Set(outcomes)).toEqual(new Set(['Error: enough']));
  const aborting = new AbortController();
  const { signal } = aborting;
  const session = await client.exec.start(box.name, ['sleep', '27182'], { signal });
  const read = session.stdout.toArray();
  aborting.abort(new Error('enough'));
  await expect(read).rejects.toThrow('enough');
  await expect(session.exit).rejects.toThrow('enough');
  const left = ['sh', '-c', 'pgrep -xf "sleep 27182" | wc -l'];
  await expect
    .poll(async () => (await client.exec.run(box.name, left)).stdout.toString(), { timeout: 20_000 })
    .toBe('0\n');
});

test('a terminal has its size, is resized, and gets what is typed', async () => {
  await using session = await client.exec.start(
    box.name,
    [
      'sh',
      '-c',
      'stty size; while [ "$(stty size)" = "31 91" ]; do sleep 0.05; done; stty size; read line; echo "<$line>"',
    ],
    {
      terminal: { width: 91, height: 31 },
      env: { TERM: 'xterm' },
    },
  );
  let seen = '';
  session.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await expect.poll(() => seen).toContain('31 91');
  session.resize({ width: 120, height: 40 });
  await expect.poll(() => seen).toContain('40 120');
  session.stdin.write('typed\n');
  expect(await session.exit).toBe(0);
  await expect.poll(() => seen).toContain('<typed>');
});

test('signals reach the command, and its death by one is 128 + n', async () => {
  await using session = await client.exec.start(box.name, [
    'sh',
    '-c',
    'trap "echo caught; exit 9" USR1; echo ready; while :; do sleep 0.05; done',
  ]);
  let seen = '';
  session.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await expect.poll(() => seen).toContain('ready');
  session.kill(10);
  expect(await session.exit).toBe(9);
  const { exitCode } = await client.exec.run(box.name, ['sh', '-c', 'kill -9 $$']);
  expect(exitCode).toBe(137);
});

test('user, group, directory and environment are as asked for', async () => {
  const { stdout } = await client.exec.run(box.name, ['sh', '-c', 'id -u; id -g; pwd; echo "$GREETING"'], {
    user: 65534,
    group: 65534,
    cwd: '/usr',
    env: { GREETING: "it's; $HOME" },
  });
  expect(stdout.toString()).toBe("65534\n65534\n/usr\nit's; $HOME\n");
});

test.for([
  ['an argument that is too long', ['x'.repeat(200_000)], {}, /argument list too long/],
  ['an argument with NUL', ['a\0b'], {}, /invalid argument/],
  ['a variable with NUL', ['true'], { env: { A: 'a\0b' } }, /invalid argument/],
  ['no command', [], {}, /child process/],
] as const)('what the daemon cannot start is told in its own words: %s', async ([, argv, options, words]) => {
  const refused = { name: 'OperationError', code: 'OPERATION_FAILED', message: expect.stringMatching(words) };
  await expect(client.exec.run(box.name, argv, options)).rejects.toMatchObject(refused);
  await using session = await client.exec.start(box.name, argv, options);
  await expect(session.exit).rejects.toMatchObject(refused);
  const read = async () => {
    for await (const _chunk of session.stdout);
  };
  await expect(read()).rejects.toMatchObject(refused);
});

test('a host says that such a command was not started', async () => {
  await using host = incusHost(client, box.name);
  await expect(host.run(['echo', 'x'.repeat(200_000)])).rejects.toMatchObject({
    code: 'COMMAND_REFUSED',
    message: expect.stringContaining('argument list too long'),
  });
});

test('a console is attached, typed at and left', async () => {
  await using session = await client.console.attach(box.name);
  let seen = '';
  session.terminal.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  // What was shown before the daemon had opened its side is not shown again.
  const show = async () => {
    await client.exec.run(box.name, ['sh', '-c', 'echo shown on the console > /dev/console']);
    return seen;
  };
  await expect.poll(show).toContain('shown on the console');
  await session.detach();
  expect((await client.instances.state(box.name)).status).toBe('Running');
});

test("a console that is aborted is left, with the signal's reason for those who read", async () => {
  const aborting = new AbortController();
  const session = await client.console.attach(box.name, { signal: aborting.signal, force: true });
  const read = session.terminal.toArray();
  aborting.abort(new Error('enough'));
  await expect(read).rejects.toThrow('enough');
  await session.detach();
  expect((await client.instances.state(box.name)).status).toBe('Running');
});

test('a container has no graphical console, and says so', async () => {
  await expect(client.console.attachVga(box.name)).rejects.toMatchObject({
    name: 'IncusApiError',
    code: 'BAD_REQUEST',
    message: expect.stringContaining('VGA console is only supported by virtual machines'),
  });
});
