import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

import type { Host } from '@cutover/host-contract';
import { processesWith, rejection, uniqueSleep, until } from '@cutover/host-contract/suite';
import { type Sshd, startSshd } from '@cutover/test-support/sshd';
import { describe, expect, it } from 'vitest';

import { localHost, sshHost } from '../src/index.ts';
import { startRelay } from './ssh/relay.ts';

const root = process.getuid?.() === 0;
const ownPids = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** Starts a group of processes on a host whose leader gets this pid; its pid namespace numbers the next process as we say. */
async function startAs(host: Host, pid: number, seconds: string): Promise<void> {
  const script = `
    for try in $(seq 100); do
      echo $(($1 - 1)) > /proc/sys/kernel/ns_last_pid
      setsid sleep "$2" > /dev/null 2>&1 < /dev/null &
      [ "$!" != "$1" ] || exit 0
      kill "$!"
    done
    exit 1`;
  await host.run(['sh', '-c', script, 'sh', String(pid), seconds]);
}

describe.runIf(root)('a pid that is another process’s by now', () => {
  it('is not signalled by what is left of a command, over ssh', async () => {
    await using sshd = await startSshd({ within: ownPids });
    for (const maxSessions of [10, 1]) {
      await using host = sshHost({ ...sshd.options, maxSessions });
      await using command = host.stream(['sh', '-c', 'echo $$; setsid sleep 100 &']);
      const [line] = (await once(command.stdout, 'data')) as [Buffer];
      await command.exit;
      const bystander = uniqueSleep();
      await using other = sshHost(sshd.options);
      await startAs(other, Number(line.toString()), bystander);
      await command.kill('SIGKILL');
      await command[Symbol.asyncDispose]();
      expect(await processesWith(other, bystander)).toHaveLength(1);
      await other.run(['pkill', 'sleep'], { reject: false });
    }
  });
});

describe('a command that cannot be proven to have ended', () => {
  const killGuardian = async (host: Host): Promise<void> => {
    // Once it has begun, which is beside the first command.
    const kill = ['pkill', '-KILL', '-f', '[c]utover-guardian'];
    await until(async () => (await host.run(kill, { reject: false })).exitCode === 0);
    await setTimeout(200);
  };
  const withGuardianKilled = async (daemon: Sshd): Promise<Host> => {
    const host = sshHost(daemon.options);
    await killGuardian(host);
    return host;
  };

  it('is ended over a new connection when the guardian has been killed', async () => {
    await using sshd = await startSshd({ within: root ? ownPids : [] });
    await using host = await withGuardianKilled(sshd);
    const seconds = uniqueSleep();
    const error = await rejection(
      host.run(['sh', '-c', 'sleep "$1" & wait', 'sh', seconds], { timeout: 300 }),
    );
    expect(error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
    await until(async () => (await processesWith(host, seconds)).length === 0);
    await using command = host.stream(['sleep', seconds]);
    await command.kill('SIGKILL');
    expect(await command.exit).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
  });

  it('is unknown, and not said to have ended', async () => {
    await using sshd = await startSshd({ within: root ? ownPids : [] });
    await using relay = await startRelay(sshd.options.port);
    await using host = sshHost({ ...sshd.options, port: relay.port, connectTimeout: 1_000 });
    await host.run(['true']);
    await killGuardian(host);
    relay.refuse();
    const seconds = uniqueSleep();
    const unknown = { name: 'HostConnectionError', code: 'END_UNKNOWN', cause: { code: 'COMMAND_TIMEOUT' } };
    const streamed = host.stream(['sleep', seconds], { timeout: 300 });
    const [ran, exited] = await Promise.all([
      rejection(host.run(['sleep', seconds], { timeout: 300 })),
      rejection(streamed.exit),
    ]);
    expect(ran).toMatchObject(unknown);
    expect(exited).toMatchObject(unknown);
  });

  it('says that it did not start, when its time was over before', async () => {
    await using sshd = await startSshd();
    await using relay = await startRelay(sshd.options.port);
    relay.freeze();
    await using host = sshHost({ ...sshd.options, port: relay.port });
    const error = await rejection(host.run(['true'], { timeout: 300 }));
    expect(error).toMatchObject({ code: 'COMMAND_TIMEOUT', started: false });
    expect(error).toHaveProperty('message', expect.stringContaining('did not start within 300 ms'));
    await using local = localHost();
    await local.run(['true']);
    expect(await rejection(local.run(['sleep', '10'], { timeout: 500 }))).toMatchObject({ started: true });
  });
});

it.each(['ssh2', 'openssh'] as const)(
  'leaves nothing running that has just begun or waits, when it is disposed of (%s)',
  async (client) => {
    await using sshd = await startSshd();
    await using local = localHost();
    const seconds = uniqueSleep();
    const host = sshHost({ ...sshd.options, client, maxSessions: 3 });
    await host.run(['true']);
    const running = Promise.allSettled([1, 2, 3, 4].map(async () => await host.run(['sleep', seconds])));
    await until(async () => (await processesWith(local, seconds)).length > 0);
    await host[Symbol.asyncDispose]();
    expect((await running).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    await until(async () => (await processesWith(local, seconds)).length === 0);
  },
);

it.each(['ssh2', 'openssh'] as const)(
  'leaves nothing running that was sent just before it is disposed of, however slow its login shell (%s)',
  async (client) => {
    await using sshd = await startSshd({
      configuration: ['ForceCommand trap "" PIPE; sleep 1.5; eval "$SSH_ORIGINAL_COMMAND"'],
    });
    await using local = localHost();
    const seconds = uniqueSleep();
    const endings = [0, 2, 5, 10, 30].map(async (wait) => {
      const host = sshHost({ ...sshd.options, client });
      await host.run(['true']);
      const running = rejection(host.run(['sleep', seconds]));
      await setTimeout(wait);
      await host[Symbol.asyncDispose]();
      // Some still tell by which signal they were ended.
      expect(await running).toHaveProperty('name', expect.stringMatching(/^(HostConnection|Command)Error$/));
    });
    await Promise.all(endings);
    await setTimeout(2000);
    await until(async () => (await processesWith(local, seconds)).length === 0);
  },
);
