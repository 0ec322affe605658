import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { allRun, type RigMachine, startRigMachine } from './rig-machine.ts';

/** Seconds: the supervisor begins to stop 10 s before the end, and the timer kills 2.5 s before it. */
const lease = 30;

const loopsYaml = `
rig: demo
workspace: /srv/demo
runtimeDir: /run/loops-demo
ownership: { remote: /srv/forge.git, owner: box }
loops:
  builder: { command: [sh, -c, 'trap "" TERM HUP; setsid sleep 100000 & while :; do sleep 1; done'] }
  watchdog: { command: [sleep, '100000'] }
  eater: { command: [sleep, '100000'], limits: { memoryMax: 150MiB } }
`;

describe('the lease of a rig under systemd', () => {
  let machine: RigMachine;
  beforeAll(async () => {
    machine = await startRigMachine('loops', loopsYaml);
    // As on a machine with pam_systemd, which the lab's image lacks: the loops run in scopes of their user's own manager.
    await machine.sh(`mkdir -p /run/systemd/system/user@.service.d
      printf '[Service]\\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\\n' >/run/systemd/system/user@.service.d/lab.conf
      systemctl daemon-reload`);
    await machine.sh(`cd /srv/demo; git init -q --bare /srv/forge.git; chown -R loops:loops /srv/forge.git
      runuser -u loops -- ${machine.argv('ownership', 'grant', '--to', 'box', '--lease', `${lease}s`).join(' ')}
      mkdir -p /var/lib/cutover; touch /var/lib/cutover/armed; systemctl start demo-orchestrator`);
    await machine.until(allRun);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const forgeAway = async (): Promise<string> => machine.sh('mv /srv/forge.git /srv/forge.away');
  const forgeBack = async (): Promise<string> =>
    machine.sh('[ ! -e /srv/forge.away ] || mv /srv/forge.away /srv/forge.git');
  /** Everything that a loop started, whatever has become of its terminal. */
  const processes = async (): Promise<string[]> => {
    const script = "grep -lzx 'LOOPS_LEASE_FILE=.*' /proc/[0-9]*/environ 2>/dev/null || :";
    return (await machine.sh(script)).split('\n').filter((line) => line !== '');
  };
  /** Waits until nothing of the rig runs; @returns seconds since the last moment at which it could be confirmed. */
  const untilGone = async (since: number): Promise<number> => {
    while ((await processes()).length > 0) {
      if (performance.now() - since > 60_000) throw new Error('it still runs');
      await delay(200);
    }
    return (performance.now() - since) / 1000;
  };
  afterEach(async () => {
    await forgeBack();
    await machine.until(allRun, 90_000);
  });

  it('is armed by root for a rig of another user, once, and not before the first start', async () => {
    expect(await machine.sh("ps -o user= -p $(pgrep -d, -x 'tmux: server') | sort -u")).toBe('loops');
    const timers = await machine.sh("systemctl list-timers --no-legend 'loops-lease-end-demo.*' | wc -l");
    expect(timers).toBe('1');
    expect(await machine.status()).toMatchObject({ ownership: { lease: { enforcedBy: 'systemd' } } });
    expect((await processes()).length).toBeGreaterThanOrEqual(4);
    const scopes = await machine.sh('cat /proc/[0-9]*/cgroup 2>/dev/null || :');
    expect(scopes).toMatch(/user@\d+\.service\/.*\/loops-demo-builder-/);
  });

  it('ends the loops in time by itself when the forge is away, and they come back with it', async () => {
    await forgeAway();
    expect(await untilGone(performance.now())).toBeLessThan(lease);
  }, 180_000);

  it('ends the loops in time when the supervisor is stopped', async () => {
    await machine.sh('systemctl kill --signal=STOP demo-orchestrator');
    const since = performance.now();
    await forgeAway();
    expect(await untilGone(since)).toBeLessThan(lease);
    await machine.sh('systemctl kill --signal=CONT demo-orchestrator');
  }, 180_000);

  it('ends the loops in time when the supervisor crashes again and again', async () => {
    await machine.sh('mv /srv/demo/loops.yaml /srv/demo/loops.good; echo "rig: [" >/srv/demo/loops.yaml');
    await machine.sh('systemctl kill --signal=KILL demo-orchestrator');
    expect(await untilGone(performance.now())).toBeLessThan(lease);
    await machine.sh('mv /srv/demo/loops.good /srv/demo/loops.yaml');
  }, 180_000);

  it('ends the loops in time when the machine’s disk is full', async () => {
    await machine.sh(`cp -a /srv/demo/.loops /srv/demo/.kept; mount -t tmpfs -o size=8M,mode=1777 none /srv/demo/.loops
      cp -a /srv/demo/.kept/. /srv/demo/.loops/; chown loops:loops /srv/demo/.loops
      cat /dev/zero >/srv/demo/.loops/full 2>/dev/null || :; systemctl kill --signal=KILL demo-orchestrator`);
    expect(await untilGone(performance.now())).toBeLessThan(lease);
    await machine.sh('umount -l /srv/demo/.loops; systemctl kill --signal=KILL demo-orchestrator || :');
  }, 180_000);

  it('ends the loops in time when all of them are stopped with their supervisor, as in a suspend', async () => {
    await machine.sh('systemctl kill --signal=STOP loops-tmux-demo demo-orchestrator');
    const since = performance.now();
    await forgeAway();
    expect(await untilGone(since)).toBeLessThan(lease);
    await machine.sh('systemctl kill --signal=CONT demo-orchestrator || :');
  }, 180_000);
});
