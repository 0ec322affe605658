import { deploy, type DeployEvent } from '@cutover/nix-deploy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Client, startClient } from './client.ts';
import { type Machine, marked, startMachine } from './machine.ts';

let machine: Machine;
let client: Client;
beforeAll(async () => {
  [machine, client] = await Promise.all([startMachine(), startClient()]);
  await machine.declare(marked('first'));
  await deploy(machine.target, { source: machine.source });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
});

async function state(): Promise<object> {
  return {
    history: await machine.history(),
    running: await machine.running(),
    marker: await machine.sh('cat /etc/marker'),
    boots: await machine.sh('cat /boot/nixos/default'),
  };
}

/** Waits until the target itself has ended what it was about. */
async function settled(): Promise<void> {
  await machine.sh(`
    i=0
    while [ -n "$(systemctl list-units --plain --no-legend 'nix-deploy-*.service' | grep -v lock)" ]; do
      i=$((i + 1)); [ "$i" -lt 600 ] || exit 1
      sleep 0.1
    done`);
}

const lines = 40;
const talkative = (marker: string): string =>
  marked(
    marker,
    `system.activationScripts.talk.text = ''for i in $(seq ${lines}); do echo "line $i"; sleep 0.02; done'';`,
  );

describe('when ssh is cut in the middle of a switch that keeps printing', () => {
  it('the activation completes, and the client comes back for the true exit code and the whole log', async () => {
    await machine.declare(talkative('second'));
    const events: DeployEvent[] = [];
    let cuts = 0;
    const result = await deploy(machine.target, {
      source: machine.source,
      onEvent: (event) => {
        events.push(event);
        if (event.type === 'output' && (event.line === 'line 20' || event.line === 'line 30')) {
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
    await machine.declare(
      marked('third', `system.activationScripts.fail.text = "echo before the cut; sleep 0.5; exit 9";`),
    );
    await expect(
      deploy(machine.target, {
        source: machine.source,
        onEvent: (event) => {
          if (event.type === 'output' && event.line === 'before the cut') machine.relay.cut();
        },
      }),
    ).rejects.toMatchObject({ code: 'ACTIVATION_FAILED', exitCode: 2, restoration: 'restored' });
    expect(await machine.sh('cat /etc/marker')).toBe('second');
  });

  it('and the target stays out of reach, it restores itself', async () => {
    await machine.declare(marked('unreachable'));
    const done = deploy(machine.target, {
      source: machine.source,
      confirmTimeout: 2000,
      onEvent: (event) => {
        if (event.type === 'activated') machine.relay.close();
        if (event.type === 'connection-lost') setTimeout(() => machine.relay.open(), 4000);
      },
    });
    await expect(done).rejects.toMatchObject({ code: 'NOT_CONFIRMED', restoration: 'restored' });
    expect(await machine.sh('cat /etc/marker')).toBe('second');
  });
});

describe('when the client is killed', () => {
  it.each(['"type":"armed"', '"line":"line 10"', '"type":"activated"', '"step":"confirm"'])(
    'after %s, the target restores itself',
    async (moment) => {
      await client.configure([machine], {
        confirmTimeout: '1s',
        healthChecks: [{ type: 'command', argv: ['sleep', '0.7'] }],
      });
      const before = await state();
      await machine.declare(talkative(`killed at ${moment.replaceAll('"', '')}`));
      const running = client.start(['deploy', machine.name, '--json']);
      await running.line(moment);
      running.process.kill('SIGKILL');
      await running.exit;
      await settled();
      expect(await state()).toEqual(before);
    },
  );

  it('after the confirmation, the new system stays', async () => {
    await client.configure([machine]);
    await machine.declare(marked('confirmed', 'system.activationScripts.x.text = "echo y";'));
    const running = client.start(['deploy', machine.name, '--json']);
    await running.line('"type":"confirmed"');
    running.process.kill('SIGKILL');
    await running.exit;
    await settled();
    expect(await machine.sh('cat /etc/marker')).toBe('confirmed');
    expect((await machine.generations()).at(-1)).toMatchObject({ active: true, current: true });
  });

  it('a retry after a timeout is not confirmed by what the one before left', async () => {
    const system = await machine.running();
    await client.configure([machine], {
      confirmTimeout: '1s',
      healthChecks: [{ type: 'command', argv: ['false'] }],
    });
    await machine.declare(marked('retried'));
    for (let attempt = 0; attempt < 2; attempt++) {
      const { exitCode } = await client.run(['deploy', machine.name]);
      expect(exitCode).toBe(17);
      await settled();
      expect(await machine.running()).toBe(system);
    }
  });
});

describe('when the supervisor itself is killed', () => {
  it('what it leaves is restored by its unit', async () => {
    const system = await machine.running();
    await machine.declare(talkative('supervisor killed'));
    await expect(
      deploy(machine.target, {
        source: machine.source,
        onEvent: (event) => {
          if (event.type === 'output' && event.line === 'line 10') {
            void machine.sh('systemctl kill --signal=KILL "nix-deploy-*.service"');
          }
        },
      }),
    ).rejects.toMatchObject({ restoration: 'restored' });
    expect(await machine.running()).toBe(system);
  });
});

describe('when the machine reboots in the middle of a deploy', () => {
  it('boots what was there before', async () => {
    const before = await state();
    await machine.declare(talkative('rebooted'));
    const outcome = deploy(machine.target, {
      source: machine.source,
      onEvent: (event) => {
        if (event.type === 'output' && event.line === 'line 10') {
          void machine.sh('systemctl reboot --force').catch(() => undefined);
        }
      },
    });
    await expect(outcome).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await state()).toEqual(before);
  });
});
