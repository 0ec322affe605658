import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type IncusClient, connectIncus } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { type Box, sleepingBoxIn } from './box.ts';

let lab: Lab;
let box: Box;
let folder: string;
beforeAll(async () => {
  lab = await openLab();
  box = await sleepingBoxIn(lab, lab.project);
  folder = await mkdtemp(join(tmpdir(), 'incus-dead-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** A way to the daemon over TCP whose packets can be dropped, as a network does that breaks without a word. */
async function breakableWay(target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = String(typeof address === 'object' ? address?.port : '');
  const rules = ['--dport', '--sport'].map((side) => ['INPUT', '-p', 'tcp', side, own, '-j', 'DROP']);
  const change = async (verb: string) => {
    for (const rule of rules) await promisify(execFile)('iptables', ['-w', verb, ...rule]);
  };
  let broken = false;
  const mend = async () => {
    if (broken) await change('-D');
    broken = false;
  };
  return {
    url: `https://127.0.0.1:${own}`,
    async breakIt() {
      broken = true;
      await change('-I');
    },
    mend,
    async [Symbol.asyncDispose]() {
      await mend();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function clientBy(url: string): Promise<IncusClient> {
  const { certificate, key, serverCertificate } = lab.certificates;
  const [cert, secret, serverCert] = await Promise.all(
    [certificate, key, serverCertificate].map((path) => readFile(path, 'utf8')),
  );
  return connectIncus({ url, cert, key: secret, serverCert, project: lab.project });
}

test('a network that drops packets is an error within a minute on every path, and all is well right afterwards', async () => {
  await using way = await breakableWay(lab.url);
  const client = await clientBy(way.url);
  try {
    const { name } = box;
    await client.exec.run(name, ['truncate', '-s', '8G', '/large']);
    const session = await client.exec.start(name, ['sleep', '600']);
    const terminal = await client.exec.start(name, ['cat'], { terminal: { width: 80, height: 24 } });
    const sftp = await client.files.sftp(name);
    const reading = sftp.read('/large');
    await reading.next();
    const gaps: string[] = [];
    const events = async () => {
      for await (const event of client.events()) if (event.type === 'gap') gaps.push(event.reason);
    };
    const listening = events().catch(() => {});
    const wait = client.operations.wait(session.operationId);
    await wait.started;
    const opened = await client.files.open(name, '/large');

    const started = performance.now();
    await way.breakIt();
    const drain = async (stream: AsyncIterable<unknown>) => {
      for await (const _chunk of stream);
    };
    const begun: Readonly<Record<string, PromiseLike<unknown>>> = {
      exit: session.exit,
      'standard output': drain(session.stdout),
      'a terminal': drain(terminal.stdout),
      'an SFTP read': drain(reading),
      'a file': drain(opened.content),
      'a wait': wait,
    };
    const ends: typeof begun = {
      ...begun,
      'a get': client.server.get(),
      'a list': client.instances.listFull(),
      'a change': client.instances.patch(name, { description: 'changed' }),
      'an operation': client.instances.snapshots(name).create({ name: 's' }),
      'an exec': client.exec.run(name, ['true']),
      'a write': client.files.write(name, '/written', 'x'),
    };
    const outcomes = await Promise.all(
      Object.entries(ends).map(async ([what, end]) => {
        const error: unknown = await Promise.resolve(end).catch((reason: unknown) => reason);
        const took = (performance.now() - started) / 1000;
        const code = error instanceof Error && 'code' in error ? error.code : error;
        return { what, code, inTime: took < 60 || took };
      }),
    );
    const unknown = ['CONNECTION_LOST', 'OPERATION_LOST'];
    // That nothing was asked of the server can be said only of what was not begun.
    const right = ({ what, code, inTime }: (typeof outcomes)[number]) =>
      inTime === true && (what in begun ? unknown : [...unknown, 'CONNECTION_FAILED']).includes(String(code));
    expect(outcomes.filter((outcome) => !right(outcome))).toEqual([]);

    await way.mend();
    const mended = performance.now();
    expect((await client.exec.run(name, ['echo', 'back'])).stdout.toString()).toBe('back\n');
    await client.files.write(name, '/written', 'x');
    expect((await client.instances.get(name)).name).toBe(name);
    expect(performance.now() - mended).toBeLessThan(10_000);
    await expect.poll(() => gaps).toContain('reconnected');
    await client.close();
    await listening;
  } finally {
    await client.close();
  }
});
