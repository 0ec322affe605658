import { spawn, type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive } from '../../../src/processes/reap-runs.ts';
import { until } from '../../rig.ts';

const script = fileURLToPath(new URL('../../../src/ownership/enforce/arm-lease.sh', import.meta.url));
const rig = `lease-${process.pid}`;

let directory: string;
let timers: string;
const children: ChildProcess[] = [];

/** A systemd as the script sees it: each timer is a file, which holds what it runs. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'arm-lease-'));
  timers = join(directory, 'timers');
  await Promise.all([mkdir(timers), mkdir(join(directory, 'bin'))]);
  await program(
    'systemd-run',
    `for word; do case $word in --unit=*) unit=$word ;; --on-active=*) left=$word ;; esac; done
while [ "$1" != sh ]; do shift; done
echo "$left" >${directory}/left
printf '%s' "$3" >"${timers}/$(echo "$unit" | cut -d= -f2).timer"`,
  );
  await program(
    'systemctl',
    `case $1 in
list-units) cd ${timers} && for pattern; do :; done && ls $pattern ;;
stop) rm -f "${timers}/$2" ;;
esac`,
  );
});
afterEach(async () => {
  for (const { pid } of children.splice(0))
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

async function program(name: string, text: string): Promise<void> {
  const path = join(directory, 'bin', name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
}

const environment = () => ({ ...process.env, PATH: `${directory}/bin:${process.env['PATH']}` });
const uptime = () => Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]));

/** Arms the lease of a rig until so many seconds from now; @returns what the script answered. */
function arm(name = rig, seconds = 600): string {
  const argv = [script, name, `loops-tmux-${name}.service`];
  const input = `${uptime() + seconds}\n`;
  return spawnSync('sh', argv, { env: environment(), input, encoding: 'utf8' }).stdout.trim();
}

/** Runs what the timer of a rig would run. */
async function runOut(name = rig): Promise<void> {
  const [timer = ''] = (await readdir(timers)).filter((one) => one.startsWith(`loops-lease-end-${name}.`));
  const end = await readFile(join(timers, timer), 'utf8');
  spawnSync('sh', ['-c', end, 'sh', name, `loops-tmux-${name}.service`], { env: environment() });
}

/** A process that heeds neither the end of its terminal nor a request. */
async function stubborn(env: Record<string, string>): Promise<number> {
  const child = spawn('sh', ['-c', 'trap "" HUP TERM; while :; do sleep 0.2; done'], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: { PATH: process.env['PATH'], ...env },
  });
  children.push(child);
  await once(child, 'spawn');
  return child.pid ?? 0;
}

test('each lease replaces the timer of the one before, and counts from when systemd is told', async () => {
  expect(arm()).toBe('armed');
  const [first] = await readdir(timers);
  expect(arm(rig, 300)).toBe('armed');
  const left = await readdir(timers);
  expect(left).toHaveLength(1);
  expect(left).not.toEqual([first]);
  expect(await readFile(join(directory, 'left'), 'utf8')).toMatch(/^--on-active=(?:299|300)\n$/);
});

test('of two that arm at once, the earlier one leaves the timer of the later one', async () => {
  const later = `loops-lease-end-${rig}.${(uptime() + 60) * 100}-1.timer`;
  await writeFile(join(timers, later), '');
  expect(arm()).toBe('armed');
  expect(await readdir(timers)).toContain(later);
});

test('the timers of a rig whose name begins with this one’s are left alone', async () => {
  expect(arm(`${rig}-two`)).toBe('armed');
  const others = await readdir(timers);
  expect(arm()).toBe('armed');
  expect(await readdir(timers)).toEqual(expect.arrayContaining(others));
  expect(await readdir(timers)).toHaveLength(2);
});

test('ends what the rig started, whichever terminal, session or manager it has, and nothing of another rig', async () => {
  const ours = await stubborn({ LOOPS_RIG: rig });
  const other = await stubborn({ LOOPS_RIG: `${rig}-two` });
  expect(arm()).toBe('armed');
  await runOut();
  await until(
    () => isAlive(ours),
    (alive) => !alive,
  );
  expect(isAlive(other)).toBe(true);
});

const controlGroups = existsSync('/sys/fs/cgroup/systemd') ? '/sys/fs/cgroup/systemd' : '/sys/fs/cgroup';

test.skipIf(process.getuid?.() !== 0)(
  'ends what shed its environment, by the scope that holds it',
  async () => {
    const scopes = [rig, `${rig}-two`].map((name) => join(controlGroups, `loops-${name}-one-0a1b2c3d.scope`));
    const processes = [await stubborn({}), await stubborn({ LOOPS_RIG: `${rig}-two` })];
    try {
      for (const [index, scope] of scopes.entries()) {
        await mkdir(scope);
        await writeFile(join(scope, 'cgroup.procs'), String(processes[index]));
      }
      expect(arm()).toBe('armed');
      await runOut();
      await until(
        () => isAlive(processes[0] ?? 0),
        (alive) => !alive,
      );
      expect(isAlive(processes[1] ?? 0)).toBe(true);
    } finally {
      for (const pid of processes) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      for (const scope of scopes)
        await until(
          () =>
            rmdir(scope).then(
              () => true,
              () => false,
            ),
          (gone) => gone,
        );
    }
  },
);

test('what is not a moment is refused', () => {
  const argv = [script, rig, 'unit'];
  for (const input of ['', '\n', '-5\n', '5 minutes\n', '123456789012\n']) {
    const { stdout } = spawnSync('sh', argv, { env: environment(), input, encoding: 'utf8' });
    expect(stdout).not.toContain('armed');
  }
});
