import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseRigConfig } from '../../../src/config/load-rig-config.ts';
import { controlSocket } from '../../../src/config/rig-places.ts';
import { serveControl } from '../../../src/control/control-server.ts';
import { isAlive } from '../../../src/processes/reap-runs.ts';
import { quiesceRig } from '../../../src/rig/quiesce-rig.ts';
import { answerRequest } from '../../../src/supervisor/answer-request.ts';
import { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { makeRig, pidOf, until, untilRunning } from '../../rig.ts';

/** It leaves a child that has neither its session nor its environment, and works in its clone. */
const leaver = {
  command: ['sh', '-c', 'env -i setsid sh -c "echo \\$\\$ >../child; exec sleep 100000" & exec sleep 200000'],
  clone: 'clone',
};

async function childOf(directory: string): Promise<number> {
  return until(
    async () => Number(await readFile(join(directory, 'child'), 'utf8').catch(() => '')),
    (pid) => pid > 0,
  );
}

const gone = (pid: number) =>
  until(
    () => isAlive(pid),
    (alive) => !alive,
  );

it('leaves nothing of an agent that is stopped, not even what shed its session and its environment', async () => {
  await using rig = await makeRig({ loops: { one: leaver } });
  await mkdir(join(rig.directory, 'clone'));
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const child = await childOf(rig.directory);
  await supervisor.unwant(['one']);
  expect(await gone(child)).toBe(false);
});

it('stops a loop that is told to stop while it is restarted, with all that it left', async () => {
  const slow = 'trap "sleep 0.5; exit" TERM; while :; do sleep 0.05; done';
  const [, , leave] = leaver.command;
  const command = ['sh', '-c', `${leave?.replace(/exec sleep \d+$/, '') ?? ''} ${slow}`];
  await using rig = await makeRig({ loops: { one: { ...leaver, command } } });
  await mkdir(join(rig.directory, 'clone'));
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const child = await childOf(rig.directory);
  const restarted = supervisor.restart(['one']);
  await until(
    () => supervisor.status().loops[0]?.state,
    (state) => state === 'stopping',
  );
  await supervisor.unwant(['one']);
  await restarted;
  await supervisor.reconcile();
  expect(supervisor.status().loops).toMatchObject([{ wanted: false, state: 'stopped' }]);
  expect(await gone(child)).toBe(false);
});

it('shows what runs and is not in the config, counts it in a quiesce, and ends it by its name', async () => {
  await using rig = await makeRig({
    loops: { one: { command: ['sleep', '1000'] }, old: { command: ['sleep', '1000'] } },
  });
  const first = await rig.supervise();
  const old = pidOf(await untilRunning(first), 'old');
  await first[Symbol.asyncDispose]();
  const edited = { rig: 'test', workspace: rig.directory, loops: { one: { command: ['sleep', '1000'] } } };
  const config = parseRigConfig(JSON.stringify(edited), rig.config.path);
  {
    await using supervisor = await Supervisor.start(config);
    await untilRunning(supervisor);
    expect(supervisor.status()).toMatchObject({ orphans: [{ name: 'old', pid: old }] });
    await expect(supervisor.unwant(['never'])).rejects.toMatchObject({ code: 'LOOP_UNKNOWN' });
    await using _server = await serveControl(controlSocket(config), (request, signal) =>
      answerRequest(supervisor, request, signal),
    );
    const { signal } = new AbortController();
    const report = await quiesceRig(config, { deadline: 20_000, keep: false, signal });
    expect(report).toMatchObject({ safe: true, stopped: { stopped: true, remaining: [] } });
    await gone(old);
    expect(supervisor.status().orphans).toBeUndefined();
  }
  const again = await rig.supervise();
  await again.release();
  const other = pidOf(await untilRunning(again), 'old');
  await again[Symbol.asyncDispose]();
  await using last = await Supervisor.start(config);
  await untilRunning(last);
  await last.unwant(['old']);
  await gone(other);
});
