import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { expect, it } from 'vitest';
import loggerScript from '../../../src/supervisor/starting/logger.sh';
import { logPath } from '../../../src/supervisor/starting/logger.ts';
import { makeRig, until, untilRunning } from '../../rig.ts';

const talker = {
  command: ['sh', '-c', 'n=0; while :; do n=$((n + 1)); printf "line %0200d\\n" $n; sleep 0.05; done'],
};
const host = localHost();

it('makes a log that was removed again, and starts a logger that was killed again', async () => {
  await using rig = await makeRig({ loops: { one: talker } });
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const log = logPath(rig.config, 'one');
  const text = async (): Promise<string> => readFile(log, 'utf8').catch(() => '');
  const untilWritten = async (): Promise<unknown> => until(text, (seen) => seen.includes('line '));
  await untilWritten();
  await rm(log);
  await untilWritten();
  expect(rig.events.filter(({ type }) => type === 'log-trouble')).toHaveLength(1);
  await host.run(['pkill', '-KILL', '-f', `logger.sh ${log}`]);
  await writeFile(log, '');
  await untilWritten();
});

it('loses nothing that is said after another program has emptied the log', async () => {
  await using rig = await makeRig({ loops: { one: talker } });
  const log = join(rig.directory, 'one.log');
  const script = join(rig.directory, 'logger.sh');
  await writeFile(script, loggerScript);
  const logger = spawn('sh', [script, log, '1000', join(rig.directory, 'trouble')], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const size = async (): Promise<number> => (await stat(log).catch(() => undefined))?.size ?? 0;
  logger.stdin.write('a'.repeat(800));
  await until(size, (bytes) => bytes === 800);
  await truncate(log);
  // Its count of bytes ends in the middle of this.
  logger.stdin.write('b'.repeat(300));
  logger.stdin.end('c'.repeat(400));
  await once(logger, 'close');
  expect(await readFile(log, 'utf8')).toBe('b'.repeat(300) + 'c'.repeat(400));
});

it('has all that an agent says, from its first line on, each time that it is started', async () => {
  await using rig = await makeRig({
    loops: {
      one: {
        command: ['sh', '-c', 'echo "began $$"; sleep 0.3; echo "ended $$"; exit 1'],
        restart: { initialDelay: '10ms', maxDelay: '10ms', maxRestarts: 100 },
      },
    },
  });
  const supervisor = await rig.supervise();
  const log = await until(
    () => readFile(logPath(rig.config, 'one'), 'utf8').catch(() => ''),
    (text) => text.split('ended ').length > 3,
  );
  await supervisor.unwant(['one']);
  const pids = [...log.matchAll(/^ended (\d+)/gm)].map(([, pid]) => pid);
  expect([...log.matchAll(/^began (\d+)/gm)].map(([, pid]) => pid).slice(0, pids.length)).toEqual(pids);
  expect(rig.events.filter(({ type }) => type === 'log-trouble')).toEqual([]);
});

it('tells that a log cannot be written, and goes on with it when it can', async () => {
  await using rig = await makeRig({ logDir: 'logs', loops: { one: talker } });
  const folder = rig.config.logDir;
  await host.run(['mkdir', folder]);
  await host.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  try {
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    await host.run(['dd', 'if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=4k'], { reject: false });
    await until(
      () => rig.events.filter(({ type }) => type === 'log-trouble'),
      ({ length }) => length === 1,
    );
    const before = await readFile(logPath(rig.config, 'one'), 'utf8');
    await rm(join(folder, 'filler'));
    await until(
      () => readFile(logPath(rig.config, 'one'), 'utf8'),
      (text) => text.length > before.length && text.endsWith('\n'),
    );
    expect(supervisor.status().loops[0]).toMatchObject({ state: 'running', restarts: 0 });
    await supervisor.unwant(['one']);
  } finally {
    await host.run(['umount', '-l', folder]);
  }
});
