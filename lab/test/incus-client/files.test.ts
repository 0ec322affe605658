import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { FileContent, FilesArea } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
  folder = await mkdtemp(join(tmpdir(), 'incus-files-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const guest = async (...argv: string[]) => (await lab.client.exec.run(box.name, argv)).stdout.toString();

test('mode, owner, append, symlink and directory round-trip over the files endpoint', async () => {
  await files.makeDirectory(box.name, '/root/dir with spaces', { mode: 0o750, uid: 65534, gid: 65534 });
  const path = '/root/dir with spaces/a+b?.txt';
  await files.write(box.name, path, 'one\n', { mode: 0o640, uid: 1, gid: 2 });
  await files.append(box.name, path, [Buffer.from('two'), Buffer.from('\n')]);
  expect((await files.read(box.name, path)).toString()).toBe('one\ntwo\n');
  expect(await files.stat(box.name, path)).toEqual({ type: 'file', mode: 0o640, uid: 1, gid: 2 });
  expect(await guest('stat', '-c', '%a %u %g', '/root/dir with spaces')).toBe('750 65534 65534\n');
  await files.symlink(box.name, '/root/link', 'dir with spaces/a+b?.txt');
  expect(await files.readLink(box.name, '/root/link')).toBe('/root/dir with spaces/a+b?.txt');
  expect(await guest('cat', '/root/link')).toBe('one\ntwo\n');
  expect(await files.list(box.name, '/root/dir with spaces')).toEqual(['a+b?.txt']);
  await files.delete(box.name, '/root/link');
  await expect(files.read(box.name, '/root/link')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('the same over SFTP', async () => {
  await using sftp = await files.sftp(box.name);
  await sftp.makeDirectory('/root/s', { mode: 0o700, uid: 3, gid: 4 });
  expect(await sftp.stat('/root/s')).toMatchObject({ type: 'directory', mode: 0o700, uid: 3, gid: 4 });
  await sftp.write('/root/s/ü.txt', [Buffer.from('one\n')], { mode: 0o604, uid: 5, gid: 6 });
  await sftp.write('/root/s/ü.txt', [Buffer.from('two\n')], { append: true });
  expect(await sftp.stat('/root/s/ü.txt')).toMatchObject({
    type: 'file',
    mode: 0o604,
    uid: 5,
    gid: 6,
    size: 8,
  });
  await sftp.symlink('/root/s/link', 'ü.txt');
  expect(await sftp.readLink('/root/s/link')).toBe('ü.txt');
  expect(await guest('cat', '/root/s/link')).toBe('one\ntwo\n');
  expect(new Map((await sftp.list('/root/s')).map(({ name, type }) => [name, type]))).toEqual(
    new Map([
      ['link', 'symlink'],
      ['ü.txt', 'file'],
    ]),
  );
  await sftp.rename('/root/s/ü.txt', '/root/s/u.txt');
  await expect(sftp.stat('/root/s/ü.txt')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    path: '/root/s/ü.txt',
  });
});

test('a tree is pushed and pulled as it was', async () => {
  const from = join(folder, 'tree');
  execFileSync('sh', [
    '-c',
    `mkdir -p ${from}/a/b ${from}/empty && echo hi > ${from}/a/b/f && chmod 601 ${from}/a/b/f && ln -s ../b/f ${from}/a/l && chmod 711 ${from}/a && : > ${from}/a/none`,
  ]);
  await files.push(box.name, from, '/root/tree', { uid: 7, gid: 8 });
  expect(await guest('sh', '-c', 'cd /root/tree; find . -printf "%p %y %m %U %G %l\\n" | sort')).toBe(
    [
      '. d 755 7 8 ',
      './a d 711 7 8 ',
      './a/b d 755 7 8 ',
      './a/b/f f 601 7 8 ',
      './a/l l 777 0 0 ../b/f',
      './a/none f 644 7 8 ',
      './empty d 755 7 8 ',
      '',
    ].join('\n'),
  );
  const back = join(folder, 'back');
  await files.pull(box.name, '/root/tree', back);
  const listing = (path: string) =>
    execFileSync('sh', ['-c', `cd ${path}; find . -printf "%p %y %m %l\\n" | sort; cat a/b/f`]).toString();
  expect(listing(back)).toBe(listing(from));
  await files.pull(box.name, '/root/tree', back);
  expect(listing(back)).toBe(listing(from));
});

test('what is pulled replaces a link that stands in its place, and goes nowhere through one', async () => {
  const [outside, back] = [join(folder, 'outside'), join(folder, 'linked')];
  await mkdir(join(outside, 'sub'), { recursive: true });
  await writeFile(join(outside, 'f'), 'untouched');
  await mkdir(back);
  await symlink(join(outside, 'f'), join(back, 'f'));
  await guest('sh', '-c', 'mkdir -p /root/linked && echo pulled > /root/linked/f');
  await files.pull(box.name, '/root/linked', back);
  expect(await readFile(join(back, 'f'), 'utf8')).toBe('pulled\n');
  expect(await readFile(join(outside, 'f'), 'utf8')).toBe('untouched');
  await symlink(join(outside, 'sub'), join(back, 'sub'));
  await guest('sh', '-c', 'mkdir /root/linked/sub && echo pulled > /root/linked/sub/g');
  await expect(files.pull(box.name, '/root/linked', back)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  expect(await readdir(join(outside, 'sub'))).toEqual([]);
});

test('a large file goes in and out by SFTP, exactly, in bounded memory', async () => {
  const size = soak(1024, 128) * 1024 * 1024;
  const source = join(folder, 'large');
  execFileSync('sh', [
    '-c',
    `head -c ${size} /dev/zero | openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 > ${source}`,
  ]);
  // What the process makes ready for its first transfer, of whatever size, does not grow with a file.
  const small = join(folder, 'small');
  execFileSync('truncate', ['-s', '32M', small]);
  await files.push(box.name, small, '/root/large', {});
  await files.pull(box.name, '/root/large', join(folder, 'small.back'));
  const before = process.memoryUsage().rss;
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  await files.push(box.name, source, '/root/large', {});
  await files.pull(box.name, '/root/large', join(folder, 'large.back'));
  clearInterval(sampler);
  expect(peak - before).toBeLessThan(64 * 1024 * 1024);
  const sum = await sha256(source);
  expect(await guest('sha256sum', '/root/large')).toBe(`${sum}  /root/large\n`);
  expect(await sha256(join(folder, 'large.back'))).toBe(sum);
  await guest('rm', '/root/large');
});

test('a stream is written over the files endpoint as it comes, and read as one', async () => {
  const chunks = Array.from({ length: 64 }, () => randomBytes(256 * 1024));
  await files.write(
    box.name,
    '/root/stream',
    (async function* () {
      yield* chunks;
    })(),
  );
  const hash = createHash('sha256');
  const { content } = await files.open(box.name, '/root/stream');
  for await (const chunk of content) hash.update(chunk);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(Buffer.concat(chunks)).digest('hex'));
});

test('folders on the way are made on wish, with an owner and mode apart from the file', async () => {
  await expect(files.write(box.name, '/srv/a/b/file', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const createDirectories = { uid: 5, gid: 6, mode: 0o750 };
  await files.write(box.name, '/srv/a/b/file', 'x', { mode: 0o600, uid: 7, gid: 8, createDirectories });
  expect(await guest('stat', '-c', '%a %u %g', '/srv', '/srv/a', '/srv/a/b', '/srv/a/b/file')).toBe(
    '755 0 0\n750 5 6\n750 5 6\n600 7 8\n',
  );
  const source = join(folder, 'pushed');
  await writeFile(source, 'y', { mode: 0o640 });
  await files.push(box.name, source, '/srv/c/d/pushed', { createDirectories: true });
  expect(await guest('stat', '-c', '%a %u %g', '/srv/c/d', '/srv/c/d/pushed')).toBe('755 0 0\n640 0 0\n');
});

test('several calls at once may need the same folder', async () => {
  const ten = Array.from({ length: 10 }, (_, index) => String(index));
  const createDirectories = { mode: 0o711 };
  await Promise.all(
    ten.map((name) => files.write(box.name, `/root/at/once/${name}`, name, { createDirectories })),
  );
  await Promise.all(ten.map(() => files.makeDirectory(box.name, '/root/at/same')));
  const tree = join(folder, 'same');
  await mkdir(join(tree, 'below'), { recursive: true });
  await Promise.all(ten.map(() => files.push(box.name, tree, '/root/at/pushed')));
  expect(
    await guest('sh', '-c', 'cat /root/at/once/*; stat -c %a /root/at /root/at/once; ls /root/at/pushed'),
  ).toBe('0123456789711\n711\nbelow\n');
});

test('what links lead to is pulled on wish, and a circle is an error', async () => {
  await guest(
    'sh',
    '-c',
    'mkdir -p /srv/links/real && echo one > /srv/links/real/file && ln -s real /srv/links/folder && ln -s /srv/links/real/file /srv/links/absolute',
  );
  const back = join(folder, 'followed');
  await files.pull(box.name, '/srv/links', back, { followLinks: true });
  const kinds = execFileSync('sh', ['-c', `cd ${back}; find . -type l; cat absolute folder/file`]).toString();
  expect(kinds).toBe('one\none\n');
  await guest('sh', '-c', 'ln -s .. /srv/links/real/up');
  await expect(
    files.pull(box.name, '/srv/links', join(folder, 'circle'), { followLinks: true }),
  ).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('circle') });
});

test('a file of this machine that is not there is named', async () => {
  const missing = join(folder, 'missing');
  const told = { name: 'FileError', code: 'NOT_FOUND', path: missing };
  await expect(files.push(box.name, missing, '/root/missing')).rejects.toMatchObject(told);
  await expect(lab.client.images.import({ unified: { path: missing } })).rejects.toMatchObject(told);
  await expect(files.pull(box.name, '/etc/hostname', join(missing, 'hostname'))).rejects.toMatchObject(told);
});

test('what does not fit on this machine is an error, also where a part of its end still does', async () => {
  const full = join(folder, 'full');
  await mkdir(full);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', full]);
  try {
    await guest('truncate', '-s', '1200000', '/root/fits-not');
    await expect(files.pull(box.name, '/root/fits-not', join(full, 'file'))).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    expect(await readdir(full)).toEqual([]);
  } finally {
    execFileSync('umount', [full]);
  }
});

test('an abort ends a transfer with its reason, either way', async () => {
  const source = join(folder, 'aborted');
  execFileSync('truncate', ['-s', '400M', source]);
  const soon = () => {
    const aborting = new AbortController();
    setTimeout(() => aborting.abort(new Error('enough')), 50);
    return { signal: aborting.signal };
  };
  await expect(files.push(box.name, source, '/root/aborted', soon())).rejects.toThrow('enough');
  await guest('truncate', '-s', '400M', '/root/aborted');
  await expect(files.pull(box.name, '/root/aborted', join(folder, 'back.aborted'), soon())).rejects.toThrow(
    'enough',
  );
  await guest('rm', '/root/aborted');
});

test('an abort does not wait for a source that has nothing to give, and nothing is left', async () => {
  async function* stuck() {
    yield 'begun';
    await new Promise(() => {});
  }
  const aborting = new AbortController();
  setTimeout(() => aborting.abort(new Error('enough')), 100);
  const { signal } = aborting;
  await expect(files.write(box.name, '/root/stuck', stuck(), { signal })).rejects.toThrow('enough');
  expect(await guest('find', '/root', '-name', '.cutover-*', '-o', '-name', 'stuck')).toBe('');
});

test('a pipe and a device are refused, and not waited for', async () => {
  await guest('sh', '-c', 'mkfifo /root/pipe; ln -s pipe /root/to-pipe');
  const refused = { name: 'FileError', code: 'BAD_REQUEST', message: expect.stringContaining('a pipe') };
  await expect(files.read(box.name, '/root/pipe')).rejects.toMatchObject(refused);
  await expect(files.read(box.name, '/dev/zero')).rejects.toMatchObject(refused);
  await using sftp = await files.sftp(box.name);
  await expect(sftp.read('/root/to-pipe').next()).rejects.toMatchObject(refused);
  await expect(files.append(box.name, '/root/pipe', 'x')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
});

test('content may be text in pieces, and what is neither text nor bytes is refused', async () => {
  await files.write(box.name, '/root/pieces', Readable.from(['grün', Buffer.from(' und blau')]));
  expect((await files.read(box.name, '/root/pieces')).toString()).toBe('grün und blau');
  await using sftp = await files.sftp(box.name);
  expect(await sftp.write('/root/bytes', Buffer.from([1, 2, 3]))).toBe(3);
  const numbers: FileContent = JSON.parse('[[1, 2]]');
  await expect(files.write(box.name, '/root/pieces', numbers)).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    message: expect.stringContaining('neither'),
  });
  expect((await files.read(box.name, '/root/pieces')).toString()).toBe('grün und blau');
});

test.for([
  [{ uid: -1 }, /uid/],
  // The kernel takes it for no change of the owner.
  [{ uid: 0xffff_ffff }, /uid/],
  [{ gid: 1.5 }, /gid/],
  [{ mode: Number.NaN }, /mode/],
  [{ mode: 0o1_000_000 }, /mode/],
] as const)(
  'an owner or mode that cannot be is refused before anything is sent: %j',
  async ([wanted, words]) => {
    const refused = { code: 'BAD_REQUEST', message: expect.stringMatching(words) };
    await expect(files.write(box.name, '/root/odd', 'x', wanted)).rejects.toMatchObject(refused);
    await expect(files.makeDirectory(box.name, '/root/odd', wanted)).rejects.toMatchObject(refused);
    await using sftp = await files.sftp(box.name);
    await expect(sftp.setAttributes('/root', wanted)).rejects.toMatchObject(refused);
    await expect(sftp.stat('/root/odd')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  },
);

test('each refusal has a code that says what is wrong, and only what is absent is NOT_FOUND', async () => {
  await guest('mkdir', '/root/full', '/root/full/sub');
  await guest('touch', '/root/file');
  await files.write(box.name, '/root/typed', 'x', { mode: 0o100_640 });
  expect((await files.stat(box.name, '/root/typed')).mode).toBe(0o640);
  for (const [act, code] of [
    [() => files.makeDirectory(box.name, '/root/file'), 'ALREADY_EXISTS'],
    [() => files.symlink(box.name, '/root/file', '/x'), 'ALREADY_EXISTS'],
    [() => files.append(box.name, '/root/full', 'x'), 'BAD_REQUEST'],
    [() => files.write(box.name, '/root/file/x', 'x', { createDirectories: true }), 'BAD_REQUEST'],
    // /proc takes no new file, so one there cannot be replaced.
    [() => files.write(box.name, '/proc/sys/kernel/hostname', 'x'), 'API_ERROR'],
  ] as const)
    await expect(act()).rejects.toMatchObject({ name: 'FileError', code });
});

test('a pulled link takes the place of a file, and not of a directory', async () => {
  await guest('ln', '-s', 'elsewhere', '/root/pulled-link');
  const place = join(folder, 'in-place');
  await writeFile(place, 'old');
  await files.pull(box.name, '/root/pulled-link', place);
  expect(await readlink(place)).toBe('elsewhere');
  const directory = join(folder, 'directory-in-place');
  await mkdir(directory);
  await expect(files.pull(box.name, '/root/pulled-link', directory)).rejects.toMatchObject({
    name: 'FileError',
    code: 'ALREADY_EXISTS',
  });
  expect((await readdir(folder)).filter((name) => name.startsWith('.cutover-'))).toEqual([]);
});

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
