import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, it, vi } from 'vitest';

import { askOpenSsh } from '../../src/config/openssh.ts';

let folder = '';
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** OpenSSH takes the home folder of the account, whatever HOME says: so the command is one that names its config file. */
async function withConfig(text: string): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'openssh-'));
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'config'), text);
  const command = `#!/bin/sh\nexec /usr/bin/ssh -F '${folder}/config' "$@"\n`;
  await writeFile(join(folder, 'bin/ssh'), command, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}/bin:${process.env['PATH']}`);
}

it('says what the user’s OpenSSH configuration says of a host', async () => {
  await withConfig(`Host box
  HostName 10.0.0.7
  Port 2222
  IdentityFile /none/there
  IdentityFile ${tmpdir()}
  HostKeyAlias the-box
  ProxyJump me@first:22,second
`);
  expect(await askOpenSsh('box')).toEqual({
    hostName: '10.0.0.7',
    port: 2222,
    identityFile: tmpdir(),
    hostKeyAlias: 'the-box',
    jump: 'me@first:22,second',
  });
});

it('says nothing of a host that is not in it, and nothing where there is no OpenSSH', async () => {
  await withConfig('');
  expect(await askOpenSsh('10.0.0.7')).toMatchObject({
    hostName: '10.0.0.7',
    port: undefined,
    jump: undefined,
  });
  vi.stubEnv('PATH', join(folder, 'none'));
  expect(await askOpenSsh('10.0.0.7')).toBeUndefined();
});
