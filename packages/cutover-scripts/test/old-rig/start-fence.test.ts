import { chmod, copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fenceStarts, inspectStarts, openStarts, unfenceStarts } from '../../src/old-rig/start-fence.ts';
import { disableOld, fenceBootOld } from '../../src/phases/d-cut-over/stop-old.ts';
import { enableOld } from '../../src/phases/rollback/start-old.ts';
import type { World } from '../../src/world/world.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const signal = AbortSignal.timeout(600_000);
let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
beforeEach(() => hosts.reset());
afterAll(() => hosts[Symbol.asyncDispose]());

/** A world whose old rig is started in another way. */
function startedBy(old: Partial<World['settings']['old']>): World {
  const { world } = hosts;
  return { ...world, settings: { ...world.settings, old: { ...world.settings.old, ...old } } };
}
const isExecutable = async (path: string) => ((await stat(path)).mode & 0o111) !== 0;
const script = () => join(hosts.old.workspace, 'launch.sh');

test('a shell or an interpreter that starts the rig keeps its permission: the host needs it', async () => {
  const shell = join(hosts.root, 'bin/shell');
  await copyFile('/bin/sh', shell);
  await chmod(shell, 0o755);
  const { world } = hosts;
  for (const start of [
    [shell, script(), 'start'],
    [shell, './launch.sh', 'start'],
    ['sh', script(), 'start'],
  ]) {
    const { settings } = startedBy({ start });
    await fenceStarts(world.old, settings.old, signal);
    expect(await isExecutable(shell)).toBe(true);
    await unfenceStarts(world.old, settings.old, signal);
  }
});

test('a rig whose start command names no script of its own goes over and back', async () => {
  for (const start of [['sh', script(), 'start'], ['start-rig']]) {
    const context = stepContext(startedBy({ start }));
    await hosts.owned('released', 'pi');
    expect(await disableOld.check?.(context)).toMatchObject({ state: 'absent' });
    await disableOld.apply?.(context);
    expect(await disableOld.verify?.(context)).toMatchObject({ taken: [] });
    await disableOld.undo?.(context);
    expect(await disableOld.check?.(context)).toMatchObject({ state: 'absent' });
    await hosts.owned('held', 'pi');
    expect(await enableOld.check?.(context)).toMatchObject({ state: 'satisfied' });
  }
});

test('its own script is taken away, also by a path that is relative to the workspace', async () => {
  for (const start of [
    [script(), 'start'],
    ['./launch.sh', 'start'],
  ]) {
    const { old, settings } = startedBy({ start });
    await fenceStarts(old, settings.old, signal);
    expect(await isExecutable(script())).toBe(false);
    expect(await inspectStarts(old, settings.old, signal)).toMatchObject({
      scriptExecutable: false,
      taken: ['its start script'],
    });
    await unfenceStarts(old, settings.old, signal);
    expect(await isExecutable(script())).toBe(true);
  }
});

test('a way back that was cut off gives the rest back: cron lines, and what a boot starts', async () => {
  const crontab = join(hosts.root, 'crontab');
  await writeFile(crontab, `@reboot ${script()} start\n`);
  await hosts.program('crontab', `case $1 in -l) cat ${crontab} ;; *) cat >${crontab} ;; esac`);
  const enabled = join(hosts.root, 'enabled');
  await writeFile(enabled, 'enabled');
  await hosts.program(
    'systemctl',
    `case $1 in
  show) echo LoadState=loaded; echo ActiveState=active; echo "UnitFileState=$(cat ${enabled})" ;;
  enable) echo enabled >${enabled} ;;
  disable) echo disabled >${enabled} ;;
esac`,
  );
  const world = startedBy({
    start: [script(), 'start'],
    cronMatch: 'launch.sh',
    standbyUnits: ['tailscaled'],
  });
  const context = stepContext(world);
  await hosts.owned('held', 'pi');
  await fenceStarts(world.old, world.settings.old, signal);
  await writeFile(enabled, 'disabled');
  // The first thing that is given back.
  await chmod(script(), 0o755);
  expect(await enableOld.check?.(context)).toMatchObject({
    state: 'absent',
    evidence: { taken: [`cron @reboot ${script()} start`], asleep: ['tailscaled'] },
  });
  await enableOld.apply?.(context);
  expect(await enableOld.check?.(context)).toMatchObject({ state: 'satisfied' });
  expect(await readFile(crontab, 'utf8')).toBe(`@reboot ${script()} start\n`);
});

test('a unit that no boot starts any more is not given back yet', async () => {
  await hosts.program('systemctl', 'echo LoadState=loaded; echo UnitFileState=disabled');
  const { old, settings } = startedBy({ units: ['rig.service'] });
  expect(await inspectStarts(old, settings.old, signal)).toMatchObject({ taken: ['unit rig.service'] });
});

test('a systemd that does not answer says nothing about a unit; one that it does not know starts nothing', async () => {
  const world = startedBy({ units: ['rig.service'] });
  await hosts.program('systemctl', 'echo "Failed to connect to bus" >&2; exit 1');
  await expect(fenceBootOld.check?.(stepContext(world))).rejects.toThrow('Failed to connect to bus');
  await hosts.program('systemctl', 'echo LoadState=not-found; echo UnitFileState=');
  expect(openStarts(await inspectStarts(world.old, world.settings.old, signal))).toEqual([]);
  await hosts.program('systemctl', 'echo LoadState=loaded; echo UnitFileState=enabled');
  expect(openStarts(await inspectStarts(world.old, world.settings.old, signal))).toEqual([
    'unit rig.service',
  ]);
});
