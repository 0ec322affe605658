import { createHash } from 'node:crypto';
import type { RigStatus } from '@cutover/loops';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allRun, identity, pids, type RigMachine, startRigMachine } from './rig-machine.ts';

const soak = (full: number, small: number): number => (process.env['CUTOVER_SOAK'] ? full : small);

/** The 95th percentile. */
const p95 = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] ?? Number.NaN;

/** An agent that takes what is typed, up to Enter, and says what it got by its length and hash. */
const taker = `
import { appendFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
process.stdin.setRawMode(true);
let got = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  got = Buffer.concat([got, chunk]);
  for (let at = got.indexOf(13); at !== -1; at = got.indexOf(13)) {
    const text = got.subarray(0, at);
    got = got.subarray(at + 1);
    appendFileSync('/srv/demo/taken', text.length + ' ' + createHash('sha256').update(text).digest('hex') + '\\n');
  }
});
console.log('ready to take');
`;

const loopsYaml = `
rig: demo
workspace: /srv/demo
runtimeDir: /run/loops-demo
phases: { plans: [one.md, two.md, three.md], mirror: .phase-idx }
loops:
  builder: { command: [sh, -c, 'echo builder $LOOPS_PHASE; exec sleep 100000'], role: claimer }
  adversary: { command: [sh, -c, 'echo adversary; exec sleep 100000'], role: reviewer }
  watchdog: { command: [sleep, '100000'] }
  orchestrator: { command: [sleep, '100000'], autostart: false }
  eater:
    command: [sh, -c, 'sleep 1; exec node -e "const a=[]; for (;;) a.push(Buffer.alloc(1e7, 1))"']
    autostart: false
    limits: { memoryMax: 150MiB }
  taker: { command: [node, /srv/demo/taker.mjs], autostart: false, ready: { output: ready to take } }
`;

describe('a rig under systemd, as the NixOS module declares it', () => {
  let machine: RigMachine;
  beforeAll(async () => {
    machine = await startRigMachine('root', loopsYaml);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  it('is defined and not started until it is armed', async () => {
    expect(await machine.sh('systemctl is-enabled demo-orchestrator.service')).toMatch(/^enabled/);
    expect(
      await machine.sh(
        'systemctl start demo-orchestrator; systemctl is-active demo-orchestrator loops-tmux-demo || :',
      ),
    ).toBe('inactive\ninactive');
    await machine.sh(
      'mkdir -p /var/lib/cutover; touch /var/lib/cutover/armed; systemctl start demo-orchestrator',
    );
    expect(await machine.sh('systemctl is-active demo-orchestrator loops-tmux-demo')).toBe('active\nactive');
    await machine.until(allRun);
    const status = await machine.status();
    expect(status.phase?.index).toBe(1);
    expect(status.loops.filter(({ state }) => state === 'running').map(({ name }) => name)).toEqual([
      'builder',
      'adversary',
      'watchdog',
    ]);
    const log = async (): Promise<string> => machine.sh('cat /srv/demo/.loops/logs/builder.log || :');
    await expect.poll(log, { timeout: 10_000 }).toContain('builder 1');
  });

  it(`keeps every agent when the supervisor is killed (${soak(20, 1)} times), and when it is restarted`, async () => {
    const before = await machine.status();
    const times: number[] = [];
    for (let count = 0; count < soak(20, 1); count += 1) {
      const { supervisor } = await machine.status();
      await machine.sh('systemctl kill --signal=KILL demo-orchestrator');
      times.push(
        await machine.until((status) => allRun(status) && status.supervisor.pid !== supervisor.pid, 30_000),
      );
    }
    await machine.sh('systemctl restart demo-orchestrator');
    await machine.until(allRun, 30_000);
    expect(pids(await machine.status())).toEqual(pids(before));
    expect(p95(times)).toBeLessThan(soak(3000, Infinity));
  });

  it(`brings all loops back when the tmux server is killed (${soak(20, 1)} times)`, async () => {
    const times: number[] = [];
    for (let count = 0; count < soak(20, 1); count += 1) {
      const before = await machine.status();
      await machine.sh('systemctl kill --signal=KILL loops-tmux-demo');
      const isNew = (status: RigStatus): boolean =>
        status.loops.every(({ pid }, index) => pid === undefined || pid !== before.loops[index]?.pid);
      times.push(await machine.until((status) => allRun(status) && isNew(status), 30_000));
      expect(identity(await machine.status())).toEqual(identity(before));
    }
    expect(Math.max(...times)).toBeLessThan(soak(5000, Infinity));
  });

  it('has exactly one of each agent although another unit starts the same rig', async () => {
    const before = identity(await machine.status());
    const [, ...up] = machine.argv('up');
    const rival = `[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/usr/bin/env node ${up.join(' ')}\nRestart=always\nRestartSec=100ms\n`;
    await machine.host.writeFile('/run/systemd/system/rival.service', rival, { mode: 0o644 });
    await machine.sh(`systemctl daemon-reload
systemctl stop demo-orchestrator
systemctl kill --signal=KILL loops-tmux-demo
systemctl start --no-block demo-orchestrator rival loops-tmux-demo`);
    await machine.until(allRun);
    // The loser comes again and again, and is refused each time.
    await expect
      .poll(
        async () =>
          Number(await machine.sh('systemctl show -P NRestarts rival demo-orchestrator | sort -n | tail -1')),
        {
          timeout: 20_000,
        },
      )
      .toBeGreaterThan(2);
    // One that is running may still be on its way into its scope.
    const agents = async (): Promise<string[]> =>
      (
        await machine.sh(
          'pgrep -fx "sleep 100000" | wc -l; tmux -S /run/loops-demo/tmux.sock list-sessions -F "#S"',
        )
      )
        .split('\n')
        .toSorted();
    await expect
      .poll(agents, { timeout: 10_000 })
      .toEqual(['3', 'adversary', 'builder', 'loops-hub', 'watchdog']);
    await machine.sh('systemctl stop rival; rm /run/systemd/system/rival.service; systemctl daemon-reload');
    await machine.until(allRun);
    // It answers before systemd knows that it is ready.
    const active = async (): Promise<string> => machine.sh('systemctl is-active demo-orchestrator || :');
    await expect.poll(active, { timeout: 10_000 }).toBe('active');
    expect(identity(await machine.status())).toEqual(before);
  });

  it(`takes ${soak(1000, 2)} prompts over ssh, byte for byte, each once`, async () => {
    await machine.host.writeFile('/srv/demo/taker.mjs', taker, { mode: 0o644 });
    await machine.loops('start', 'taker');
    await machine.until(({ loops }) => loops.some(({ name, ready }) => name === 'taker' && ready));
    const expected: string[] = [];
    for (let count = 0; count < soak(1000, 2); count += 1) {
      const text = promptText(count);
      expected.push(`${text.length} ${createHash('sha256').update(text).digest('hex')}`);
      // Whoever lost the connection under way says it again, with the same id.
      for (let time = 0; time < (count % 100 === 0 ? 2 : 1); time += 1) {
        await machine.ssh.run(machine.argv('prompt', 'taker', '--id', `ssh-${count}`), { input: text });
      }
    }
    const taken = async (): Promise<string[]> =>
      new TextDecoder()
        .decode(await machine.ssh.readFile('/srv/demo/taken'))
        .trimEnd()
        .split('\n');
    await expect.poll(taken, { timeout: 10_000 }).toEqual(expected);
    await machine.loops('stop', 'taker');
  }, 1_800_000);

  it('lets a loop that eats memory die alone, and brings it back', async () => {
    const before = await machine.status();
    await machine.loops('start', 'eater');
    const eaten = ({ loops }: RigStatus): boolean =>
      loops.some(({ name, restarts }) => name === 'eater' && restarts > 0);
    await machine.until(eaten, 30_000);
    const during = await machine.status();
    const back = await machine.until(allRun, 30_000);
    expect(back).toBeLessThan(soak(5000, Infinity));
    expect(during.loops.find(({ name }) => name === 'eater')?.lastExit?.cause).toMatch(
      /^(?:out-of-memory|killed)$/,
    );
    expect(pids(during).filter(([name]) => name !== 'eater')).toEqual(
      pids(before).filter(([name]) => name !== 'eater'),
    );
    await machine.loops('stop', 'eater');
  });

  it(`comes back from ${soak(20, 1)} hard resets in the same phase with the same sessions`, async () => {
    await machine.loops('start', 'orchestrator');
    await machine.until(allRun);
    const before = identity(await machine.status());
    for (let count = 0; count < soak(20, 1); count += 1) {
      const boot = (await machine.status()).supervisor.since;
      await machine.reset();
      await machine.until((status) => allRun(status) && status.supervisor.since !== boot, 60_000);
      expect(identity(await machine.status())).toEqual(before);
    }
    const ups = JSON.parse(await machine.loops('history', '--json', '--event', 'up')) as unknown[];
    expect(ups.at(-1)).toMatchObject({ type: 'up', reboot: 'unexpected' });
  }, 1_800_000);
});

/** Up to 200 KB of what terminals and shells read as something else. */
function promptText(count: number): Buffer {
  const pieces = [';', '-x', '\n', '#{pane_id}', '%H', '$HOME `x`', 'ñ→🦊', '\t', '\\', "'", '"', ' '];
  const size = count === 1 ? 200 * 1024 : count % 50 === 2 ? 20_000 : 1 + count * 7;
  const chosen: Buffer[] = [];
  for (let length = 0; length < size;) {
    const piece = Buffer.from(pieces[(length * 31 + count) % pieces.length] ?? '');
    const fitting = length + piece.length <= size ? piece : Buffer.alloc(size - length, 'x');
    chosen.push(fitting);
    length += fitting.length;
  }
  return Buffer.concat(chosen);
}
