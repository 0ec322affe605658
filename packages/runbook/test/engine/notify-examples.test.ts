import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNotifier } from '../../src/engine/notify.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { emptyState } from '../../src/journal/state.ts';

const examples = join(import.meta.dirname, '../../../../examples/notify');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-notify-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const ended: EngineEvent = {
  seq: 1,
  prevHash: '',
  hash: '',
  runId: 'r',
  epoch: 0,
  list: 'main',
  wall: '',
  mono: 0,
  type: 'run.ended',
  result: 'failed',
  step: 'quiesce-old',
  reason: 'it’s "half" done',
};

async function tell(command: readonly string[]): Promise<string[]> {
  const complaints: string[] = [];
  const state = { ...emptyState(), runbook: 'pi → vm' };
  {
    await using notifier = createNotifier([{ on: ['failed'], command }], state, (text) =>
      complaints.push(text),
    );
    notifier.event(ended);
  }
  return complaints;
}

test('examples/notify/push.sh posts what happened', async () => {
  const posts: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => posts.push(text));
    request.on('end', () => {
      posts.push(String(request.headers['title']));
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await tell([join(examples, 'push.sh'), `http://127.0.0.1:${port}/topic`])).toEqual([]);
  server.close();
  expect(posts).toEqual(['pi → vm: quiesce-old: it’s "half" done: failed', 'cutover: failed']);
});

test('examples/notify/mail.sh hands a mail to sendmail', async () => {
  const sendmail = join(folder, 'sendmail');
  await writeFile(sendmail, `#!/bin/sh\n{ echo "to $1"; cat; } > '${folder}/mail'\n`);
  await chmod(sendmail, 0o755);
  expect(await tell(['env', `SENDMAIL=${sendmail}`, join(examples, 'mail.sh'), 'ada@example.org'])).toEqual(
    [],
  );
  const mail = await readFile(join(folder, 'mail'), 'utf8');
  expect(mail).toMatch(/^to ada@example\.org\nSubject: cutover: failed quiesce-old\nTo: ada@example\.org\n/);
  expect(mail).toContain('"result": "failed"');
});

test('a hook that hangs is ended, and named', async () => {
  const complaints: string[] = [];
  {
    const hook = { on: ['failed'] as const, command: ['sh', '-c', 'sleep 60'], timeout: 50 };
    await using notifier = createNotifier([hook], emptyState(), (text) => complaints.push(text));
    notifier.event(ended);
  }
  expect(complaints).toEqual(['the hook sh was not told of failed: it did not end within 0.05 s']);
});

test.each([
  ['hangs', 'sleep 60', 'it did not end within 0.5 s'],
  ['fails', 'echo no route >&2; exit 7', 'it ended with 7: no route'],
  ['ends', 'exit 0', undefined],
])('a hook that %s holds no run up by what it left running', async (_how, end, complaint) => {
  const pidFile = join(folder, 'pid');
  // Out of reach of the kill of its group, and with the hook's output.
  const command = ['sh', '-c', `setsid sh -c 'echo $$ > "${pidFile}"; exec sleep 60' & ${end}`];
  const complaints: string[] = [];
  const began = performance.now();
  {
    const hook = { on: ['failed'] as const, command, timeout: 500 };
    await using notifier = createNotifier([hook], emptyState(), (text) => complaints.push(text));
    notifier.event(ended);
  }
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(complaints).toEqual(
    complaint === undefined ? [] : [`the hook sh was not told of failed: ${complaint}`],
  );
  await expect.poll(async () => readFile(pidFile, 'utf8').catch(() => ''), { timeout: 20_000 }).toMatch(/\d/);
  process.kill(Number(await readFile(pidFile, 'utf8')));
});

test('a gate that is told of again is reminded of once each time, and no more when it is answered', async () => {
  const log = join(folder, 'log');
  const gate = {
    ...ended,
    type: 'gate.open',
    stepVersion: 1,
    inputHash: '',
    attempt: 0,
    step: 'quiesce-old',
    kind: 'approval',
    nonce: 'n',
    text: 'Stop?',
    evidence: {},
    evidenceHash: '',
    planHash: '',
    expires: '',
  } as const;
  const hook = { on: ['gate.waiting'] as const, command: ['sh', '-c', `echo x >> '${log}'`], every: 60 };
  await using notifier = createNotifier([hook], emptyState(), () => undefined);
  notifier.event(gate);
  // As after an answer that was refused.
  notifier.event({ ...gate, type: 'gate.waiting' });
  await expect.poll(async () => readFile(log, 'utf8').catch(() => ''), { interval: 10 }).toMatch(/x\nx\n/);
  notifier.event({ ...gate, type: 'gate.approved', by: 'ada' });
  // One that was told just before may still be at work.
  await sleep(100);
  const told = await readFile(log, 'utf8');
  await sleep(300);
  expect(await readFile(log, 'utf8')).toBe(told);
});
