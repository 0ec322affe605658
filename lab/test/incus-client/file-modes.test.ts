import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type FilesArea, incusHost } from '@cutover/incus-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { type Box, sleepingBox } from './box.ts';
import { soak } from './soak.ts';

let lab: Lab;
let box: Box;
let files: FilesArea;
let folder: string;
beforeAll(async () => {
  lab = await openLab();
  box = await sleepingBox(lab);
  files = lab.client.files;
  folder = await mkdtemp(join(tmpdir(), 'incus-modes-'));
  await guest(
    'mkdir /srv/root /srv/user /srv/user/deep && chown -R nobody: /srv/user && mkdir -m 1777 /srv/tmp',
  );
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const guest = async (script: string) => {
  const { exitCode, stdout, stderr } = await lab.client.exec.run(box.name, ['sh', '-c', script]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString();
};

/** A user of the guest who opens whatever comes up in /srv, and in the end reads what came of it. */
const spyScript = `
import os, stat, sys
held = {}
def look(folder):
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        try:
            facts = os.lstat(path)
        except OSError:
            continue
        if stat.S_ISDIR(facts.st_mode):
            look(path)
        elif (facts.st_dev, facts.st_ino) not in held:
            try:
                held[facts.st_dev, facts.st_ino] = (path, os.open(path, os.O_RDONLY | os.O_NOFOLLOW))
            except OSError:
                pass
print('ready', flush=True)
while not os.path.exists('/spy-ends'):
    look('/srv')
for path, handle in held.values():
    if b'secret' in os.read(handle, 100000):
        print('read', path)
`;

const secret = { mode: 0o600, uid: 1000, gid: 1000 };

/** As slowly as a file comes over a long wire. */
async function* slowly() {
  yield Buffer.from('a ');
  await delay(100);
  yield Buffer.from('secret');
}

type Way = (path: string) => Promise<unknown>;
const ways: Readonly<Record<string, Way>> = {
  'files.write': (path) => files.write(box.name, path, slowly(), secret),
  'files.write over a file that all may read': async (path) => {
    await guest(`echo old > ${path}; chmod 644 ${path}`);
    await files.write(box.name, path, slowly(), secret);
  },
  'files.append to a file that is not there': (path) => files.append(box.name, path, slowly(), secret),
  'SftpSession.write': async (path) => {
    await using sftp = await files.sftp(box.name);
    await sftp.write(path, slowly(), secret);
  },
  'files.push of a file': async (path) => {
    const source = join(folder, 'file');
    await writeFile(source, 'a secret', { mode: 0o600 });
    await files.push(box.name, source, path, { uid: 1000, gid: 1000 });
  },
  'files.push of a tree': async (path) => {
    const source = join(folder, 'tree');
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'file'), 'a secret', { mode: 0o600 });
    await files.push(box.name, source, path.slice(0, path.lastIndexOf('/')), { uid: 1000, gid: 1000 });
    await guest(`mv ${path.slice(0, path.lastIndexOf('/'))}/file ${path}`);
  },
};

describe('nobody reads a secret on its way into a guest', () => {
  test.for(Object.entries(ways))('by %s', async ([, write]) => {
    await guest('rm -f /spy-ends');
    await using spy = await lab.client.exec.start(box.name, ['python3', '-c', spyScript], { user: 65534 });
    let seen = '';
    spy.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    await expect.poll(() => seen).toContain('ready');
    const paths = ['root', 'tmp', 'user', 'user/deep'].map((place) => `/srv/${place}/secret`);
    for (const path of paths) {
      await guest(`mkdir -p ${path.slice(0, path.lastIndexOf('/'))}`);
      await write(path);
      expect(await guest(`stat -c '%a %u %g' ${path}; cat ${path}`)).toBe('600 1000 1000\na secret');
    }
    await guest('touch /spy-ends');
    expect(await spy.exit).toBe(0);
    expect(seen).toBe('ready\n');
    expect(await guest('find /srv / -maxdepth 1 -name ".cutover*"')).toBe('');
    await guest(
      `rm -rf /srv/user && mkdir -p /srv/user/deep && chown -R nobody: /srv/user; rm ${paths.slice(0, 2).join(' ')}; chmod 755 /srv/root; chmod 1777 /srv/tmp`,
    );
  });

  test('by incusHost().writeFile', async () => {
    await using host = incusHost(lab.client, box.name);
    await guest('rm -f /spy-ends; echo old > /srv/root/secret');
    await using spy = await lab.client.exec.start(box.name, ['python3', '-c', spyScript], { user: 65534 });
    await host.writeFile('/srv/root/secret', 'a secret', { mode: 0o600 });
    await guest('touch /spy-ends');
    expect(await spy.exit).toBe(0);
    expect(spy.stdout.read()?.toString()).toBe('ready\n');
  });
});

test("a link that a user has put on the way is not followed, and root's own is", async () => {
  await guest('rm -rf /srv/user/* && ln -s /etc /srv/user/link && ln -s /etc/passwd /srv/user/file');
  const write = (path: string) => files.write(box.name, path, 'x', { mode: 0o600 });
  await expect(write('/srv/user/link/planted')).rejects.toMatchObject({
    name: 'FileError',
    code: 'FORBIDDEN',
    message: expect.stringContaining('/srv/user/link on its way is a symlink that a user of the guest'),
  });
  await using sftp = await files.sftp(box.name);
  const forbidden = { code: 'FORBIDDEN' };
  await expect(files.makeDirectory(box.name, '/srv/user/link/planted')).rejects.toMatchObject(forbidden);
  await expect(sftp.symlink('/srv/user/link/planted', '/')).rejects.toMatchObject(forbidden);
  await expect(files.symlink(box.name, '/srv/user/link/planted', '/')).rejects.toMatchObject(forbidden);
  await expect(files.delete(box.name, '/srv/user/link/hostname')).rejects.toMatchObject(forbidden);
  await expect(sftp.remove('/srv/user/link/hostname')).rejects.toMatchObject(forbidden);
  await expect(sftp.rename('/srv/user/link/hostname', '/srv/root/taken')).rejects.toMatchObject(forbidden);
  await expect(sftp.setAttributes('/srv/user/link/hostname', { mode: 0o666 })).rejects.toMatchObject(
    forbidden,
  );
  await expect(sftp.setAttributes('/srv/user/file', { mode: 0o666 })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
  await expect(files.append(box.name, '/srv/user/file', 'x')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  await write('/srv/user/file');
  expect(await guest('stat -c %F /srv/user/file; test ! -e /etc/planted; grep -c ^root: /etc/passwd')).toBe(
    'regular file\n1\n',
  );
  await guest('ln -s /srv/root /srv/way');
  await write('/srv/way/by-link');
  expect(await guest('cat /srv/root/by-link')).toBe('x');
});

test("in a user's folder what is root's is not changed, and a folder of root's is made and pushed there twice", async () => {
  await guest(
    'rm -rf /srv/user/*; echo a > /srv/user/root; echo a > /srv/user/own; chown nobody: /srv/user/own',
  );
  const nobody = Number(await guest('id -u nobody'));
  await using sftp = await files.sftp(box.name);
  const forbidden = { code: 'FORBIDDEN', message: expect.stringContaining('belongs to root') };
  await expect(files.append(box.name, '/srv/user/root', 'b')).rejects.toMatchObject(forbidden);
  await expect(sftp.setAttributes('/srv/user/root', { mode: 0o666 })).rejects.toMatchObject(forbidden);
  await files.append(box.name, '/srv/user/own', 'b');
  await sftp.setAttributes('/srv/user/own', { mode: 0o600 });
  await sftp.makeDirectory('/srv/user/made', { uid: nobody, mode: 0o750 });
  await expect(sftp.makeDirectory('/srv/user/made')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'below'), { recursive: true });
  for (const content of ['1', '2']) {
    await writeFile(join(tree, 'below', 'file'), content);
    await files.push(box.name, tree, '/srv/user/tree');
  }
  expect(
    await guest(
      "cd /srv/user; cat root own tree/below/file; stat -c '%n %a %U' own made tree/below; ls -A .. . | grep cutover || true",
    ),
  ).toBe('a\na\nb2own 600 nobody\nmade 750 nobody\ntree/below 755 root\n');
});

/** A user who leads a folder elsewhere and back all the time. */
const swapScript = `
import ctypes, time
libc = ctypes.CDLL(None)
while True:
    libc.renameat2(-100, b'/srv/user/way', -100, b'/srv/user/link', 2)
    time.sleep(0.0004)
`;

test("whatever a user does with the way meanwhile, what is root's keeps its owner, mode and content", async () => {
  const theirs = 'mkdir -p /srv/theirs/folder && touch /srv/theirs/folder/x && echo root > /srv/theirs/log';
  await guest(
    `rm -rf /srv/user/*; ${theirs}; mkdir /srv/user/way; ln -s /srv/theirs /srv/user/link; chown -hR nobody: /srv/user`,
  );
  const nobody = Number(await guest('id -u nobody'));
  const user = { uid: nobody, gid: nobody, mode: 0o777 };
  await using swapper = await lab.client.exec.start(box.name, ['python3', '-c', swapScript], {
    user: nobody,
  });
  await using sftp = await files.sftp(box.name);
  const attempts = [
    () => sftp.makeDirectory('/srv/user/way/folder', user),
    () => sftp.setAttributes('/srv/user/way/folder', user),
    () => sftp.write('/srv/user/way/log', 'changed', { append: true, ...user }),
  ];
  let done = 0;
  for (const ends = performance.now() + soak(20_000, 1_500); performance.now() < ends;)
    for (const attempt of attempts)
      await attempt().then(
        () => (done += 1),
        (error: unknown) => expect(error).toMatchObject({ name: 'FileError' }),
      );
  swapper.kill(9);
  await swapper.exit;
  expect(await guest("cat /srv/theirs/log; stat -c '%n %a %U' /srv/theirs /srv/theirs/*")).toBe(
    'root\n/srv/theirs 755 root\n/srv/theirs/folder 755 root\n/srv/theirs/log 644 root\n',
  );
  expect(done).toBeGreaterThan(0);
});

test('a new owner and mode are those of a file that was there before, and a file that fails leaves nothing', async () => {
  await guest('rm -rf /srv/root/*; echo old > /srv/root/file; chmod 644 /srv/root/file');
  async function* broken() {
    yield Buffer.from('half');
    throw new Error('the source broke');
  }
  await expect(files.write(box.name, '/srv/root/file', broken(), secret)).rejects.toThrow('the source broke');
  const aborting = new AbortController();
  setTimeout(() => aborting.abort(new Error('enough')), 50);
  await expect(
    files.write(box.name, '/srv/root/file', slowly(), { ...secret, signal: aborting.signal }),
  ).rejects.toThrow('enough');
  expect(await guest("stat -c '%n %a %u' /srv/root/* /srv/root/.c* 2>/dev/null; cat /srv/root/file")).toBe(
    '/srv/root/file 644 0\nold\n',
  );
});

test('set-uid, set-gid and sticky bits are kept on the way in', async () => {
  await files.write(box.name, '/srv/root/setuid', 'x', { mode: 0o4755, uid: 1000 });
  await using sftp = await files.sftp(box.name);
  await sftp.makeDirectory('/srv/root/shared', { mode: 0o3775, gid: 1000 });
  expect(await guest('stat -c "%a %u %g" /srv/root/setuid /srv/root/shared')).toBe(
    '4755 1000 0\n3775 0 1000\n',
  );
  expect((await sftp.stat('/srv/root/setuid')).mode).toBe(0o4755);
});

test('a file whose size says nothing of its content is read whole', async () => {
  expect((await files.read(box.name, '/proc/version')).toString()).toMatch(/^Linux version/);
  await files.write(box.name, '/srv/root/empty', '');
  expect((await files.read(box.name, '/srv/root/empty')).length).toBe(0);
});
