import { deploy, type DeployEvent, rebootProof } from '@cutover/nix-deploy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { soak } from '../incus-client/soak.ts';
import { type Client, startClient } from './client.ts';
import { type Machine, marked, startMachine } from './machine.ts';
import { settle } from './settle.ts';

const lines = 20;
const talk = `system.activationScripts.talk.text = ''for i in $(seq ${lines}); do echo "line $i"; sleep 0.02; done'';`;

let machine: Machine;
let client: Client;
let systems: Readonly<Record<'first' | 'second' | 'failing' | 'stuck' | 'third', string>>;
beforeAll(async () => {
  [machine, client] = await Promise.all([startMachine(), startClient()]);
  systems = await machine.build({
    first: marked('first'),
    second: marked('second', talk),
    third: marked('third'),
    stuck: marked('stuck', 'system.activationScripts.stuck.text = "echo it stays; sleep 600";'),
    failing: marked(
      'failing',
      'system.activationScripts.fail.text = "echo before the cut; sleep 0.3; exit 9";',
    ),
  });
  await deploy(machine.target, { source: { storePath: systems.first } });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
});

async function state(): Promise<Readonly<Record<string, string | undefined>>> {
  const [running, boots, profile] = (
    await machine.sh(
      'readlink -f /run/current-system; cat /boot/nixos/default; echo; readlink -f /nix/var/nix/profiles/system',
    )
  ).split('\n');
  return { running, boots, profile, history: await machine.history() };
}

describe('when ssh is cut in the middle of a switch that keeps printing', () => {
  it('the activation completes, and the client comes back for the true exit code and the whole log', async () => {
    const events: DeployEvent[] = [];
    let cuts = 0;
    const result = await deploy(machine.target, {
      source: { storePath: systems.second },
      onEvent: (event) => {
        events.push(event);
        if (event.type === 'output' && (event.line === 'line 8' || event.line === 'line 14')) {
          cuts += 1;
          machine.relay.cut();
        }
      },
    });
    expect(cuts).toBe(2);
    const kinds = events.map((event) => event.type);
    expect(kinds).toEqual(expect.arrayContaining(['connection-lost', 'reconnected']));
    const printed = result.log.split('\n').filter((line) => line.startsWith('line '));
    expect(printed).toEqual(Array.from({ length: lines }, (_, i) => `line ${i + 1}`));
    expect(result).toMatchObject({ changed: true, generation: 2 });
    expect(await machine.running()).toBe(result.system);
  });

  it('an exit code that is not 0 is learned just the same', async () => {
    await expect(
      deploy(machine.target, {
        source: { storePath: systems.failing },
        onEvent: (event) => {
          if (event.type === 'output' && event.line === 'before the cut') machine.relay.cut();
        },
      }),
    ).rejects.toMatchObject({ code: 'SWITCH_FAILED', exitCode: 2, restoration: 'restored' });
    expect(await machine.sh('cat /etc/marker')).toBe('second');
  });

  it.each(['the first time', 'again, whatever the time before has left'])(
    'and the target stays out of reach, it restores itself: %s',
    async () => {
      const before = await state();
      const done = deploy(machine.target, {
        source: { storePath: systems.third },
        confirmTimeout: 1000,
        onEvent: (event) => {
          if (event.type === 'activated') machine.relay.close();
          if (event.type === 'connection-lost') void settle(machine).then(machine.relay.open);
        },
      });
      await expect(done).rejects.toMatchObject({ code: 'NOT_CONFIRMED', restoration: 'restored' });
      expect(await state()).toEqual(before);
    },
  );
});

describe('when the client is killed', () => {
  it.each(['"type":"armed"', '"step":"confirm"'])('after %s, the target restores itself', async (moment) => {
    await client.configure([machine], {
      confirmTimeout: '1s',
      healthChecks: [{ type: 'command', argv: ['sleep', '60'] }],
    });
    const before = await state();
    const running = client.start(['deploy', machine.name, '--json', '--store-path', systems.third]);
    await running.line(moment);
    running.process.kill('SIGKILL');
    await running.exit;
    await settle(machine);
    expect(await state()).toEqual(before);
  });

  it('after the confirmation, the new system stays', async () => {
    await client.configure([machine]);
    const running = client.start(['deploy', machine.name, '--json', '--store-path', systems.third]);
    await running.line('"type":"confirmed"');
    running.process.kill('SIGKILL');
    await running.exit;
    await settle(machine);
    expect(await machine.sh('cat /etc/marker')).toBe('third');
    expect((await machine.generations()).at(-1)).toMatchObject({ active: true, current: true });
  });
});

describe('when the client is killed at a random moment', () => {
  const attempts = soak(30, 2);
  const configured = { healthChecks: [{ type: 'command', argv: ['sleep', '0.3'] }] };
  let duration = 0;
  beforeAll(async () => {
    await client.configure([machine], configured);
    const running = client.start(['deploy', machine.name, '--json', '--store-path', systems.second]);
    await running.line('"step":"connect"');
    const began = performance.now();
    await running.exit;
    duration = performance.now() - began;
    await client.configure([machine], { ...configured, confirmTimeout: '1s' });
  });
  /** What the target itself has of its newest deploy: its id, whether it was armed, and what was decided. */
  async function newest(): Promise<{ id: string; armed: boolean; decision: string }> {
    const text = await machine.sh(`
      cd /var/lib/nix-deploy/deploys/ && id=$(ls -1t | head -n 1) &&
      printf '%s %s %s' "$id" "$([ -s "$id/armed" ] && echo yes)" "$(readlink "$id/decision")"`);
    const [id = '', armed, decision = ''] = text.split(' ');
    return { id, armed: armed === 'yes', decision };
  }

  it(
    `the target stays with the new system where it had been told so, and with the old one else, ${attempts} times`,
    async () => {
      const ends = new Set<string>();
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const [before, last] = [await state(), await newest()];
        const wanted = (await machine.running()) === systems.second ? systems.third : systems.second;
        const running = client.start(['deploy', machine.name, '--json', '--store-path', wanted]);
        await running.line('"step":"connect"');
        const moment = Math.random() * duration * 1.1;
        const killing = setTimeout(() => running.process.kill('SIGKILL'), moment);
        await running.exit;
        clearTimeout(killing);
        await settle(machine);
        const left = await newest();
        const seen = `killed ${moment.toFixed(0)} ms after the start of ${duration.toFixed(0)}: ${JSON.stringify(left)}`;
        const confirmed = left.id !== last.id && left.decision === 'confirmed';
        ends.add(confirmed ? 'new' : left.id !== last.id && left.armed ? 'restored' : 'untouched');
        const after = await state();
        const expected = confirmed
          ? { running: wanted, boots: wanted, profile: wanted, history: after['history'] }
          : before;
        expect({ seen, ...after }).toEqual({ seen, ...expected });
      }
      expect(ends.size).toBeGreaterThanOrEqual(attempts < 30 ? 1 : 3);
    },
    attempts * 60_000,
  );
});

describe('an activation that never ends', () => {
  it('is ended when its time is over, and what ran before runs again', async () => {
    const before = await state();
    await expect(
      deploy(machine.target, { source: { storePath: systems.stuck }, activationTimeout: 1500 }),
    ).rejects.toMatchObject({
      code: 'SWITCH_FAILED',
      restoration: 'restored',
      message: expect.stringContaining('it took longer than the activation may'),
      log: expect.stringContaining('it stays'),
    });
    expect(await state()).toEqual(before);
    expect(await machine.sh('pgrep -f "[s]leep 600" || :')).toBe('');
  });
});

describe('when the supervisor itself is killed', () => {
  it('what it leaves is restored by its unit', async () => {
    const before = await state();
    await expect(
      deploy(machine.target, {
        source: { storePath: systems.stuck },
        onEvent: (event) => {
          if (event.type === 'output' && event.line === 'it stays') {
            void machine.sh('systemctl kill --signal=KILL "nix-deploy-*.service"');
          }
        },
      }),
    ).rejects.toMatchObject({ restoration: 'restored' });
    expect(await state()).toEqual(before);
  });
});

describe('when the supervisor and what cleans up after it are killed', () => {
  it('says that the outcome is unknown, and boots what was there before', async () => {
    const before = await state();
    let killing: Promise<unknown> | undefined;
    const outcome = deploy(machine.target, {
      source: { storePath: systems.stuck },
      onEvent: (event) => {
        if (event.type === 'output' && event.line === 'it stays')
          killing = machine.sh(`
unit=$(systemctl list-units --plain --no-legend 'nix-deploy-*.service' | cut -d ' ' -f 1)
systemctl kill --signal=KILL "$unit"
while systemctl is-active --quiet "$unit" || [ "$(systemctl is-active "$unit")" = deactivating ]; do
  systemctl kill --signal=KILL "$unit" 2> /dev/null || :
done`);
      },
    });
    await expect(outcome).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', restoration: 'unknown' });
    await killing;
    const { running: _running, ...kept } = await state();
    const { running = '', ...wanted } = before;
    expect(kept).toEqual(wanted);
    await deploy(machine.target, { source: { storePath: running }, force: true });
  });
});

describe('when the machine reboots in the middle of a deploy', () => {
  it('boots what was there before', async () => {
    const before = await state();
    const outcome = deploy(machine.target, {
      source: { storePath: systems.stuck },
      onEvent: (event) => {
        if (event.type === 'output' && event.line === 'it stays') {
          void machine.sh('systemctl reboot --force').catch(() => undefined);
        }
      },
    });
    await expect(outcome).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await machine.rebooted();
    expect(await state()).toEqual(before);
  });
});

describe('a reboot that boots another system than the deployed one', () => {
  it('is not proven: what booted and what should have are named', async () => {
    const { running: old = '' } = await state();
    const wanted = old === systems.second ? systems.third : systems.second;
    await deploy(machine.target, { source: { storePath: wanted }, action: 'boot' });
    await machine.sh(`printf %s '${old}' > /boot/nixos/default`);
    await expect(rebootProof(machine.target, { timeout: 120_000 })).rejects.toMatchObject({
      code: 'REBOOT_NOT_PROVEN',
      failures: [`it booted ${old}, not ${wanted}`, `it runs ${old}, not ${wanted}`],
    });
    await machine.rebooted();
  });
});
