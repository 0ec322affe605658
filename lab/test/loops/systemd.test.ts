import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allRun, identity, pids, type RigMachine, startRigMachine } from './rig-machine.ts';

const soak = (full: number, small: number): number => (process.env['CUTOVER_SOAK'] ? full : small);

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
    limits: { memoryMax: 150M }
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
    expect(await machine.sh('cat /srv/demo/.loops/logs/builder.log')).toContain('builder 1');
  });

  it('keeps every agent when the supervisor is killed, and when it is restarted', async () => {
    const before = await machine.status();
    await machine.sh('systemctl kill --signal=KILL demo-orchestrator');
    await machine.until(
      (status) => allRun(status) && status.supervisor.pid !== before.supervisor.pid,
      10_000,
    );
    await machine.sh('systemctl restart demo-orchestrator');
    await machine.until(allRun, 10_000);
    expect(pids(await machine.status())).toEqual(pids(before));
  });

  it('brings all loops back when the tmux server is killed', async () => {
    const before = await machine.status();
    await machine.sh('systemctl kill --signal=KILL loops-tmux-demo');
    await machine.until(
      (status) =>
        allRun(status) &&
        status.loops.every(({ pid }, index) => pid === undefined || pid !== before.loops[index]?.pid),
      10_000,
    );
    expect(identity(await machine.status())).toEqual(identity(before));
  });

  it('lets a loop that eats memory die alone, and brings it back', async () => {
    const before = await machine.status();
    await machine.loops('start', 'eater');
    await machine.until(
      ({ loops }) => loops.some(({ name, restarts }) => name === 'eater' && restarts > 0),
      30_000,
    );
    const during = await machine.status();
    expect(during.loops.find(({ name }) => name === 'eater')?.lastExit?.cause).toMatch(
      /^(?:out-of-memory|killed)$/,
    );
    expect(pids(during).filter(([name]) => name !== 'eater')).toEqual(
      pids(before).filter(([name]) => name !== 'eater'),
    );
    await machine.loops('stop', 'eater');
  });

  it(`comes back from ${soak(20, 2)} hard resets in the same phase with the same sessions`, async () => {
    await machine.loops('start', 'orchestrator');
    await machine.until(allRun);
    const before = identity(await machine.status());
    for (let count = 0; count < soak(20, 2); count += 1) {
      const boot = (await machine.status()).supervisor.since;
      await machine.reset();
      await machine.until((status) => allRun(status) && status.supervisor.since !== boot, 60_000);
      expect(identity(await machine.status())).toEqual(before);
    }
  });
});
