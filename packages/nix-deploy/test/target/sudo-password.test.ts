import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Host, localHost, sshHost } from '@cutover/host';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { withSudoPassword } from '../../src/target/sudo-password.ts';

/** In the place of the real one, which this machine need not have: it reads a line and no byte more, as sudo -S does. */
const standIn = `#!/bin/bash
password=
while [ "$1" != -- ]; do case $1 in -S) ;; -n) exit 1 ;; -p) prompt=$2; shift ;; esac; shift; done
shift
if [ ! -e "$(dirname "$0")/no-question" ]; then
  for try in 1 2 3; do
    printf '%s' "$prompt" >&2
    IFS= read -r password || { echo 'sudo: no password was provided' >&2; exit 1; }
    [ "$password" != 'a secret' ] || break
    echo 'Sorry, try again.' >&2
  done
  [ "$password" = 'a secret' ] || exit 1
fi
exec "$@"
`;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sudo-'));
  await writeFile(join(folder, 'sudo'), standIn, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const connect = async (password: string): Promise<Host> =>
  await withSudoPassword({ name: 'here', connect: () => Promise.resolve(localHost()) }, password).connect();
const sudo = (...argv: readonly string[]): readonly string[] => ['sudo', '-n', '--', ...argv];

describe('a password for sudo', () => {
  it('is told when sudo asks, and the command gets its own input whole', async () => {
    await using host = await connect('a secret');
    const input = `first line\n${'x'.repeat(300_000)}\nlast`;
    const result = await host.run(sudo('sh', '-c', 'cat; echo complaint >&2'), { input });
    expect(result.stdout).toBe(input);
    expect(result.stderr).toBe('complaint\n');
    expect((await host.run(sudo('cat'))).stdout).toBe('');
  });

  it('is not told to a command that sudo starts without asking', async () => {
    await writeFile(join(folder, 'no-question'), '');
    await using host = await connect('a secret');
    expect((await host.run(sudo('cat'), { input: 'mine' })).stdout).toBe('mine');
  });

  it('that is wrong ends the command, and is in no message', async () => {
    await using host = await connect('a wrong one');
    const result = await host.run(sudo('cat'), { input: 'mine', reject: false });
    expect(result.exitCode).toBe(1);
    expect(`${result.stdout}${result.stderr}`).not.toContain('wrong one');
    expect(result.stderr).toContain('Sorry, try again.');
  });

  it('is told without a warning of Node', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    await using host = await connect('a secret');
    const stream = host.stream(sudo('sh', '-c', 'echo here; exec sleep 100'));
    await once(stream.stdout, 'data');
    await stream[Symbol.asyncDispose]();
    expect(warnings).toEqual([]);
  });

  it('is never in the arguments of a process', async () => {
    await using host = await connect('a secret');
    const { stdout } = await host.run(
      sudo(
        'sh',
        '-c',
        'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2> /dev/null | tr "\\0" "\\n" | grep -c "^a secret$" || :',
      ),
    );
    expect(stdout.trim()).toBe('0');
  });

  it('starts nothing later that was given up while the target could not be reached', async () => {
    const silent = createServer((socket) => void socket.on('error', () => undefined));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    const hostKeys = [`SHA256:${'A'.repeat(43)}`];
    const options = { host: '127.0.0.1', port, user: 'nobody', privateKey: String(privateKey), hostKeys };
    const target = { name: 'far', connect: () => Promise.resolve(sshHost(options)) };
    await using host = await withSudoPassword(target, 'a secret').connect();
    const run = host.run(sudo('true'), { timeout: 300 });
    await expect(run).rejects.toMatchObject({ code: 'COMMAND_TIMEOUT', started: false });
    silent.close();
  });
});
