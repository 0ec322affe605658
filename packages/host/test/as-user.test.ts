import { hostContract, rejection } from '@cutover/host-contract/suite';
import { startSshd } from '@cutover/test-support/sshd';
import * as vitest from 'vitest';

import { asUser, createHost, localHost, spawnOn, sshHost } from '../src/index.ts';
import { startRelay } from './ssh/relay.ts';

const { describe, expect, it } = vitest;
const root = process.getuid?.() === 0;
// Root's PATH may name folders that others cannot enter: a missing command then is "not executable" for them.
vitest.vi.stubEnv('PATH', '/usr/sbin:/usr/bin:/sbin:/bin');

describe.skipIf(!root)('asUser', () => {
  // Debian's, with a home that is there and one that is not.
  it.each([
    ['games', '/usr/games'],
    ['nobody', '/'],
  ])('runs commands as %s, in its home or else in /', async (user, cwd) => {
    await using host = asUser(localHost(), user);
    const { stdout } = await host.run(['sh', '-c', 'id -un; id -gn; echo $USER:$LOGNAME:$HOME; pwd']);
    const [name, group, variables, directory] = stdout.split('\n');
    expect([name, variables?.split(':').slice(0, 2), directory]).toEqual([user, [user, user], cwd]);
    expect(group).toBe((await localHost().run(['id', '-gn', user])).stdout.trim());
  });

  it('gives the user all of its groups, and none of ours', async () => {
    await using host = asUser(localHost(), 'games');
    const expected = (await localHost().run(['id', '-G', 'games'])).stdout;
    expect((await host.run(['id', '-G'])).stdout).toBe(expected);
  });

  it('makes files that belong to the user, where the user may', async () => {
    await using local = localHost();
    await using host = asUser(local, 'games');
    const directory = (await host.run(['mktemp', '-d'])).stdout.trim();
    await host.writeFile(`${directory}/file`, 'x', { mode: 0o640 });
    expect((await local.run(['stat', '-c', '%U:%G %a', `${directory}/file`])).stdout).toBe(
      'games:games 640\n',
    );
    expect(await rejection(host.writeFile('/etc/cutover-test', 'x', { mode: 0o600 }))).toMatchObject({
      code: 'FILE_REFUSED',
      path: '/etc/cutover-test',
    });
    await host.run(['rm', '-r', directory]);
  });

  it('says that there is no such user', async () => {
    await using host = asUser(localHost(), 'no-such-user');
    expect(await rejection(host.run(['true']))).toMatchObject({ code: 'COMMAND_REFUSED', host: 'localhost' });
    expect(() => asUser(localHost(), '-x')).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
    // Users of a directory service, which this machine has not.
    for (const user of ['ada@example.org', String.raw`OFFICE\ada`]) {
      await using other = asUser(localHost(), user);
      expect(await rejection(other.run(['true']))).toMatchObject({ code: 'COMMAND_REFUSED' });
    }
  });

  it('does not say so where users cannot be looked up', async () => {
    await using local = localHost();
    const lacking = createHost({
      name: 'lacking',
      spawn: async (command) => await spawnOn(local, { ...command, argv: ['/nonexistent/getent'] }),
    });
    await using host = asUser(lacking, 'games');
    const error = await rejection(host.run(['true']));
    expect(error).toMatchObject({ code: 'COMMAND_REFUSED' });
    expect(error).toHaveProperty('message', expect.stringMatching(/could not be looked up \(.*not found\)/));
  });

  it('starts nothing later that was given up while the connection was made', async () => {
    await using sshd = await startSshd();
    await using relay = await startRelay(sshd.options.port);
    await using behind = sshHost({ ...sshd.options, port: relay.port });
    await using host = asUser(behind, 'root');
    await host.run(['true']);
    relay.cut();
    await rejection(behind.run(['true']));
    relay.freeze();
    const file = `${sshd.directory}/made`;
    const error = await rejection(host.run(['touch', file], { timeout: 300 }));
    expect(error).toMatchObject({ code: 'COMMAND_TIMEOUT', started: false });
  });

  it('names both in errors', async () => {
    await using host = asUser(localHost({ name: 'pi' }), 'games');
    expect(await rejection(host.run(['false']))).toMatchObject({
      host: 'games on pi',
      result: { argv: ['false'] },
    });
  });
});

if (root)
  hostContract(vitest, {
    realTimeSignals: false,
    name: 'as nobody',
    open: async () => asUser(localHost(), 'nobody'),
    root: false,
  });
