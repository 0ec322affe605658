import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { startSshd } from '@cutover/test-support/sshd';
import { afterAll, describe, expect, it } from 'vitest';

import { sshHost, type SshHostOptions } from '../../src/index.ts';

const execute = promisify(execFile);

const sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'] });
afterAll(async () => await sshd[Symbol.asyncDispose]());
const { port } = sshd.options;
const name = `[127.0.0.1]:${port}`;
const publicKey = async (type: string): Promise<string> =>
  (await readFile(join(sshd.directory, `host_${type}.pub`), 'utf8')).trim().split(' ').slice(0, 2).join(' ');
const fingerprintOf = (key: string): string =>
  `SHA256:${createHash('sha256')
    .update(Buffer.from(key.split(' ')[1] ?? '', 'base64'))
    .digest('base64')
    .replace(/=+$/, '')}`;

async function connectWith(options: Partial<SshHostOptions>): Promise<unknown> {
  const { hostKeys: _pinned, ...rest } = sshd.options;
  await using host = sshHost({ ...rest, knownHostsFile: '/nonexistent', ...options });
  try {
    return (await host.run(['echo', 'in'])).stdout;
  } catch (error) {
    return error;
  }
}

async function knowing(...lines: string[]): Promise<unknown> {
  const knownHostsFile = join(sshd.directory, 'known_hosts');
  await writeFile(knownHostsFile, `${lines.join('\n')}\n`);
  return await connectWith({ knownHostsFile });
}

describe('pinned host keys', () => {
  it.each(['ed25519', 'ecdsa', 'rsa'])('accepts the %s key, which is asked for', async (type) => {
    expect(await connectWith({ hostKeys: [`${await publicKey(type)} comment`] })).toBe('in\n');
  });

  it('accepts a fingerprint, as ssh-keygen prints it', async () => {
    const { stdout } = await execute('ssh-keygen', ['-lf', join(sshd.directory, 'host_ed25519.pub')]);
    const fingerprint = stdout.split(' ')[1] ?? '';
    expect(fingerprint).toBe(fingerprintOf(await publicKey('ed25519')));
    expect(await connectWith({ hostKeys: [fingerprint] })).toBe('in\n');
  });

  it.each(['ecdsa', 'rsa'])(
    'finds the %s key of a fingerprint, whatever the host would show first',
    async (type) => {
      expect(await connectWith({ hostKeys: [fingerprintOf(await publicKey(type))] })).toBe('in\n');
    },
  );

  it('refuses a host that has no key of a fingerprint, by the one it shows first', async () => {
    const other = fingerprintOf(await readFile(join(sshd.directory, 'user.pub'), 'utf8'));
    expect(await connectWith({ hostKeys: [other] })).toMatchObject({
      code: 'HOST_KEY_MISMATCH',
      message: expect.stringContaining(fingerprintOf(await publicKey('ed25519'))),
    });
  });

  it('refuses another key, and says what to do', async () => {
    const other = await readFile(join(sshd.directory, 'user.pub'), 'utf8');
    const error = await connectWith({ hostKeys: [other] });
    expect(error).toMatchObject({ name: 'HostConnectionError', code: 'HOST_KEY_MISMATCH' });
    expect(error).toHaveProperty(
      'message',
      expect.stringContaining(fingerprintOf(await publicKey('ed25519'))),
    );
    expect(error).toHaveProperty('message', expect.stringContaining(fingerprintOf(other)));
    expect(error).toHaveProperty('message', expect.stringContaining('ssh-keygen -lf'));
  });

  it.each(['', 'ssh-ed25519', 'ssh-ed25519 AAAA', 'SHA256:short', 'MD5:00'])(
    'refuses %j as a pin',
    async (wrong) => {
      expect(await connectWith({ hostKeys: [wrong] })).toMatchObject({
        name: 'HostOptionError',
        option: 'hostKeys',
      });
    },
  );
});

it('refuses no pins at all', async () => {
  expect(await connectWith({ hostKeys: [] })).toMatchObject({ code: 'OPTION_INVALID', option: 'hostKeys' });
});

describe('known_hosts', () => {
  it.each(['ed25519', 'ecdsa', 'rsa'])('accepts the one key it knows, %s', async (type) => {
    expect(await knowing(`${name} ${await publicKey(type)}`)).toBe('in\n');
  });

  it('reads what ssh-keyscan and ssh-keygen -H write', async () => {
    const { stdout } = await execute('ssh-keyscan', ['-T', '60', '-H', '-p', String(port), '127.0.0.1']);
    expect(stdout).toContain('|1|');
    expect(await knowing(stdout)).toBe('in\n');
  });

  it('refuses a changed key and names the line', async () => {
    const other = (await readFile(join(sshd.directory, 'user.pub'), 'utf8')).trim();
    const error = await knowing('# comment', `${name} ${other}`);
    expect(error).toMatchObject({ code: 'HOST_KEY_MISMATCH' });
    expect(error).toHaveProperty('message', expect.stringContaining('known_hosts:2'));
  });

  it('accepts a line without a port for any port, unless one has the port', async () => {
    expect(await knowing(`127.0.0.1 ${await publicKey('ed25519')}`)).toBe('in\n');
    const other = (await readFile(join(sshd.directory, 'user.pub'), 'utf8')).trim();
    expect(await knowing(`127.0.0.1 ${await publicKey('ed25519')}`, `${name} ${other}`)).toMatchObject({
      code: 'HOST_KEY_MISMATCH',
    });
    expect(await knowing(`127.0.0.1 ${other}`)).toMatchObject({ code: 'HOST_KEY_MISMATCH' });
  });

  it('says that a file cannot be read', async () => {
    expect(await connectWith({ knownHostsFile: sshd.directory })).toMatchObject({
      code: 'OPTION_INVALID',
      option: 'knownHostsFile',
      message: expect.stringContaining(sshd.directory),
    });
  });

  it('refuses an unknown host, and says how to add it', async () => {
    const error = await knowing(`other ${await publicKey('ed25519')}`);
    expect(error).toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
    expect(error).toHaveProperty(
      'message',
      expect.stringContaining(fingerprintOf(await publicKey('ed25519'))),
    );
  });

  it('refuses a revoked key, even if it is also known', async () => {
    const key = await publicKey('ed25519');
    expect(await knowing(`${name} ${key}`, `@revoked * ${key}`)).toMatchObject({ code: 'HOST_KEY_MISMATCH' });
  });

  it('says that it does not support certificate authorities', async () => {
    const error = await knowing(`@cert-authority * ${await publicKey('ed25519')}`);
    expect(error).toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
    expect(error).toHaveProperty('message', expect.stringContaining('certificate authority'));
  });

  it('looks an alias up instead of the address', async () => {
    const knownHostsFile = join(sshd.directory, 'aliases');
    await writeFile(knownHostsFile, `pi ${await publicKey('ed25519')}\n`);
    expect(await connectWith({ knownHostsFile, hostKeyAlias: 'pi' })).toBe('in\n');
  });
});
