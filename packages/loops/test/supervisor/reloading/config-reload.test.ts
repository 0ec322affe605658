import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRigConfig } from '../../../src/config/load-rig-config.ts';
import { startFingerprint } from '../../../src/supervisor/reloading/compare-configs.ts';
import { makeRig, pidOf, type TestRig, until, untilRunning } from '../../rig.ts';

const sleep = (seconds: number) => ({ command: ['sleep', String(seconds)] });

/** Edits the config of a rig: `more` is what is in it besides its name and workspace. */
async function edit({ config, directory }: TestRig, more: object): Promise<void> {
  await writeFile(config.path, JSON.stringify({ rig: 'test', workspace: directory, ...more }));
}

describe('a reload', () => {
  it('starts what is new, restarts what was edited, leaves all else alone, and shows what is gone', async () => {
    await using rig = await makeRig({
      loops: { same: sleep(1000), edited: sleep(1001), gone: sleep(1002), livelier: sleep(1003) },
    });
    const supervisor = await rig.supervise();
    const before = await untilRunning(supervisor);
    await edit(rig, {
      stopGrace: '1s',
      loops: {
        same: sleep(1000),
        edited: sleep(2001),
        livelier: { ...sleep(1003), restart: { initialDelay: '3s' } },
        new: sleep(1004),
      },
    });
    const expected = {
      changed: ['stopGrace', 'loops.edited.command', 'loops.livelier.restart'],
      added: ['new'],
      removed: ['gone'],
      restarted: ['edited'],
      orphans: [{ name: 'gone', pid: pidOf(before, 'gone') }],
    };
    expect(await supervisor.reload(true)).toEqual(expected);
    expect(supervisor.status().loops).toEqual(before.loops);
    expect(await supervisor.reload()).toEqual(expected);
    const after = await untilRunning(supervisor);
    expect(after.loops.map(({ name }) => name)).toEqual(['same', 'edited', 'livelier', 'new']);
    for (const name of ['same', 'livelier']) expect(pidOf(after, name)).toBe(pidOf(before, name));
    expect(pidOf(after, 'edited')).not.toBe(pidOf(before, 'edited'));
    expect(after.orphans).toEqual(expected.orphans);
    await supervisor.unwant(['gone']);
    expect(supervisor.status().orphans).toBeUndefined();
    expect(rig.events.filter(({ type }) => type === 'reloaded')).toHaveLength(1);
    // One that comes back is the loop that it was.
    await edit(rig, { loops: { gone: sleep(1002), same: sleep(1000) } });
    expect(await supervisor.reload()).toMatchObject({
      added: ['gone'],
      removed: ['edited', 'livelier', 'new'],
    });
  });

  it('writes the phase into a mirror that is another one now', async () => {
    const loops = { one: { ...sleep(1000), autostart: false } };
    const plans = ['plan-0.md', 'plan-1.md'];
    await using rig = await makeRig({ loops, phases: { plans, mirror: '.phase-idx' } });
    const supervisor = await rig.supervise();
    await edit(rig, { loops, phases: { plans, mirror: '.other-idx' } });
    await supervisor.reload();
    expect(await readFile(join(rig.directory, '.other-idx'), 'utf8')).toBe('0\n');
  });

  it('changes nothing with a mistake in the file, or with a key that a running supervisor keeps', async () => {
    await using rig = await makeRig({ loops: { one: sleep(1000) } });
    const supervisor = await rig.supervise();
    const before = await untilRunning(supervisor);
    await writeFile(rig.config.path, 'rig: test\nworkspace: .\nloops: {one: {command: []}}\n');
    await expect(supervisor.reload()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/loops\.yaml:3:\d+: loops\.one\.command/),
    });
    await edit(rig, { loops: { one: sleep(1001) }, runtimeDir: 'elsewhere' });
    await expect(supervisor.reload()).rejects.toMatchObject({
      code: 'RELOAD_REFUSED',
      message: expect.stringContaining('runtimeDir; nothing was changed'),
    });
    await supervisor.reconcile();
    expect(supervisor.status().loops).toEqual(before.loops);
    expect(rig.events.filter(({ type }) => type === 'reload-failed')).toHaveLength(2);
  });

  it('restarts an agent that was started with an older config by a supervisor before this one', async () => {
    await using rig = await makeRig({ loops: { one: sleep(1000) } });
    const first = await rig.supervise();
    const before = await untilRunning(first);
    await first[Symbol.asyncDispose]();
    await edit(rig, { loops: { one: sleep(1001) } });
    // The next supervisor has the edited config from its beginning.
    Object.assign(
      rig.config,
      parseRigConfig(
        JSON.stringify({ rig: 'test', workspace: rig.directory, loops: { one: sleep(1001) } }),
        rig.config.path,
      ),
    );
    const second = await rig.supervise();
    expect(pidOf(await untilRunning(second), 'one')).toBe(pidOf(before, 'one'));
    expect(await second.reload()).toMatchObject({ changed: [], restarted: ['one'] });
    await until(
      () => rig.events.filter(({ type }) => type === 'started').length,
      (starts) => starts === 2,
    );
    expect(await second.reload()).toMatchObject({ restarted: [] });
  });

  it('gives a loop that failed another try, and never starts one that was stopped', async () => {
    await using rig = await makeRig({
      loops: {
        failing: { command: ['./missing'], restart: { initialDelay: '1m' } },
        stopped: sleep(1000),
      },
    });
    const supervisor = await rig.supervise();
    await supervisor.unwant(['stopped']);
    await until(
      () => supervisor.status().loops[0]?.state,
      (state) => state === 'backoff',
    );
    await edit(rig, { loops: { failing: sleep(1001), stopped: sleep(1002) } });
    await supervisor.reload();
    const states = () => supervisor.status().loops.map(({ state }) => state);
    expect(await until(states, ([failing]) => failing === 'running')).toEqual(['running', 'stopped']);
  });
});

it('tells what an agent was started with from what takes effect while it runs, in whatever order it is written', () => {
  const print = (loop: object, more: object = {}): string => {
    const text = JSON.stringify({ rig: 'test', workspace: '/srv', loops: { one: loop }, ...more });
    const config = parseRigConfig(text, '/srv/loops.yaml');
    return config.loops.map((one) => startFingerprint(config, one)).join();
  };
  const environment = { A: '1', B: '2' };
  const usual = print({ ...sleep(1), environment });
  expect(print({ environment: { B: '2', A: '1' }, ...sleep(1) })).toBe(usual);
  expect(print({ ...sleep(1), environment, restart: { policy: 'never' }, stall: { after: '5m' } })).toBe(
    usual,
  );
  expect(print({ ...sleep(2), environment })).not.toBe(usual);
  expect(print({ ...sleep(1), environment }, { environment: { C: '3' } })).not.toBe(usual);
});
