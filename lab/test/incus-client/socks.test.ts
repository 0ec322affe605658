import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  certificateFingerprint,
  connectIncus,
  generateClientCertificate,
  incusHost,
} from '@cutover/incus-client';
import { freePort, listening } from '@cutover/test-support/ports';
import { startSshd } from '@cutover/test-support/sshd';
import { expect, test } from 'vitest';
import { openLab } from '../../src/index.ts';

test('through the SOCKS proxy of OpenSSH, exec and files too; when it dies, how a command ended is unknown', async () => {
  await using lab = await openLab();
  await using box = await lab.launch('socks');
  await using sshd = await startSshd();
  const { host, port, user, privateKeyFile } = sshd.options;
  const socks = await freePort();
  const trust = [
    '-o',
    `UserKnownHostsFile=${sshd.directory}/known`,
    '-o',
    'StrictHostKeyChecking=accept-new',
  ];
  const argv = ['-N', '-D', `127.0.0.1:${socks}`, ...trust, '-i', privateKeyFile, '-p', String(port)];
  const proxy = spawn('ssh', [...argv, `${user}@${host}`], { stdio: 'ignore' });
  await listening(socks);

  const own = await generateClientCertificate({ commonName: 'through-socks' });
  const fingerprint = certificateFingerprint(own.cert);
  await lab.client.certificates.add({
    name: 'through-socks',
    certificate: own.cert,
    restricted: true,
    projects: ['default'],
  });
  const serverCert = await readFile(lab.certificates.serverCertificate, 'utf8');
  await using client = await connectIncus({
    url: lab.url,
    ...own,
    serverCert,
    proxy: `socks5://127.0.0.1:${socks}`,
    project: 'default',
  });
  await using inside = incusHost(client, box.name);
  await inside.writeFile('/root/note', 'by SOCKS\n', { mode: 0o600 });
  expect((await inside.run(['cat', '/root/note'])).stdout).toBe('by SOCKS\n');

  const sleeping = inside.run(['sleep', '600']).catch((error: unknown) => error);
  const pgrep = ['pgrep', '-fx', 'sleep 600'];
  await expect.poll(async () => (await box.host.run(pgrep, { reject: false })).exitCode).toBe(0);
  proxy.kill('SIGKILL');
  await once(proxy, 'exit');
  expect(await sleeping).toMatchObject({ code: 'CONNECTION_LOST' });
  await expect(client.instances.list()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  await lab.client.certificates.delete(fingerprint);
});
