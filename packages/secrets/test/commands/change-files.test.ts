import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { generateKeyPair, identityFile, parseIdentities } from '../../src/age.ts';
import { whileLocked } from '../../src/files/lock-file.ts';
import { decryptFile, encryptFile } from '../../src/sops.ts';
import { ended, secretsCommand } from '../secrets-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const secrets = secretsCommand();
const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);

async function fixture(text = 'a: one\n') {
  const directory = await temporaryDirectory();
  const [file, key] = [join(directory, 'a.yaml'), join(directory, 'key.txt')];
  await writeFile(key, identityFile(keys), { mode: 0o644 });
  await writeFile(file, await encryptFile(text, { file, recipients: [keys.recipient] }));
  const content = async (path = file): Promise<string> =>
    Buffer.from((await decryptFile(await readFile(path), { file: path, identities })).plaintext).toString();
  return { directory, file, key, content };
}

test('of six sets at once none is lost', async () => {
  const { file, key, content } = await fixture();
  const names = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'];
  const ends = await Promise.all(
    names.map((name) => secrets.run(['set', file, name, '-i', key], { input: `value of ${name}` })),
  );
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
  expect((await content()).split('\n').slice(1, -1).sort()).toEqual(
    names.map((name) => `${name}: value of ${name}`),
  );
});

test('in place, too, a file is read and replaced while no other command changes it', async () => {
  const { file, key, content } = await fixture();
  const changed = await whileLocked(file, async () => {
    const decrypting = secrets.run(['decrypt', '--in-place', file, '-i', key]);
    // The lock is all that it can wait for.
    await setTimeout(1000);
    expect(await readFile(file, 'utf8')).toContain('sops:');
    const set = await encryptFile('later: one\n', { file, recipients: [keys.recipient] });
    await writeFile(file, set);
    return { decrypting };
  });
  expect(await changed.decrypting).toMatchObject({ code: 0, stderr: '' });
  expect(await readFile(file, 'utf8')).toBe('later: one\n');
  const encrypting = await secrets.run(['encrypt', '--in-place', file, '--recipient', keys.recipient]);
  expect(encrypting).toMatchObject({ code: 0, stderr: '' });
  expect(await content()).toBe('later: one\n');
});

test('empty input, and input that is not text, are no values', async () => {
  const { file, key, content } = await fixture();
  const empty = await secrets.run(['set', file, 'a', '-i', key], { input: '' });
  expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining('--empty') });
  const child = secrets.start(['set', file, 'a', '-i', key]);
  child.stdin?.end(Buffer.from([0xff, 0xfe]));
  expect((await once(child, 'exit'))[0]).toBe(2);
  expect(await content()).toBe('a: one\n');
  expect(await secrets.run(['set', file, 'a', '-i', key, '--empty'], { input: '' })).toMatchObject({
    code: 0,
  });
  expect(await content()).toBe('a: ""\n');
});

/** `secrets set FILE a` at a terminal, with what is typed when it asks for the value. */
async function setAtTerminal(file: string, key: string, answer: string) {
  const command = [process.execPath, secrets.path, 'set', file, 'a', '-i', key].join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: 'pipe' });
  let seen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const asked = seen.includes('Value of a');
    seen += chunk.toString();
    if (!asked && seen.includes('Value of a')) child.stdin.write(answer);
  });
  return { exit: await once(child, 'exit'), seen };
}

test('at a terminal a value is asked for, and not shown', async () => {
  const { file, key, content } = await fixture();
  const { exit, seen } = await setAtTerminal(file, key, 'CANARY\n');
  expect(exit).toEqual([0, null]);
  expect(seen).not.toContain('CANARY');
  expect(await content()).toBe('a: CANARY\n');
});

test.each([
  ['Ctrl-C', '\u0003', 130],
  ['Ctrl-D', '\u0004', 2],
])('%s at the question for a value ends it, and changes nothing', async (_name, answer, code) => {
  const { file, key, content } = await fixture();
  const { exit, seen } = await setAtTerminal(file, key, answer);
  expect(exit).toEqual([code, null]);
  expect(seen).not.toContain('Aborted');
  expect(await content()).toBe('a: one\n');
});

test('of several files each is rotated, whether or not another one can be', async () => {
  const { directory, file, key } = await fixture();
  const [bad, other] = [join(directory, 'bad.yaml'), join(directory, 'b.yaml')];
  await writeFile(bad, 'plain: 1\n');
  await writeFile(other, await readFile(file));
  const before = await readFile(other, 'utf8');
  const done = await secrets.run(['rotate', file, bad, other, '-i', key, '--json']);
  expect(done.code).toBe(1);
  expect(JSON.parse(done.stdout)).toEqual({
    files: [
      { file, changed: true },
      { file: bad, changed: false, error: { code: 'NOT_ENCRYPTED', message: expect.stringContaining(bad) } },
      { file: other, changed: true },
    ],
  });
  expect(done.stderr).toContain(bad);
  expect(await readFile(other, 'utf8')).not.toBe(before);
});

test('for all files of a folder one lock is taken, and the identities are gathered once', async () => {
  const { directory, file, key } = await fixture();
  await mkdir(join(directory, 'sub'));
  const files = [file, join(directory, 'b.yaml'), join(directory, 'sub', 'c.yaml')];
  for (const other of files.slice(1)) await writeFile(other, await readFile(file));
  const log = join(directory, 'log');
  const shell = (name: string, command: string) =>
    writeFile(join(directory, name), `#!/bin/sh\necho ${name} >> ${log}\n${command}\n`, { mode: 0o755 });
  await shell('flock', 'exec /usr/bin/flock "$@"');
  await shell('keys', `cat ${key}`);
  const env = {
    PATH: `${directory}:${process.env['PATH']}`,
    HOME: directory,
    SOPS_AGE_KEY_CMD: join(directory, 'keys'),
  };
  expect(await secrets.run(['rotate', ...files], { env })).toMatchObject({ code: 0, stderr: '' });
  expect((await readFile(log, 'utf8')).trim().split('\n')).toEqual(['flock', 'keys', 'flock']);
});

test('what is no file of a sensible size is refused at once', async () => {
  const { directory, file, key } = await fixture();
  const [sparse, fifo] = [join(directory, 'sparse'), join(directory, 'fifo')];
  await writeFile(sparse, '');
  await truncate(sparse, 2 ** 40);
  execFileSync('mkfifo', [fifo]);
  for (const [path, why] of [
    [sparse, 'it has more than 64 MiB'],
    ['/dev/zero', 'it has more than 64 MiB'],
    [fifo, 'it is a pipe'],
    [directory, 'it is a directory'],
    [join(directory, 'none'), 'there is no such file'],
  ] as const) {
    for (const command of ['decrypt', 'rotate']) {
      const { code, stderr } = await secrets.run([command, path, '-i', key], { timeout: 20_000 });
      expect({ path, code, stderr }).toEqual({
        path,
        code: 1,
        stderr: expect.stringContaining(`${path}: ${why}`),
      });
      expect(stderr).not.toMatch(/ENOENT|EISDIR/);
    }
  }
  // What else is read: identities, rules, manifests, the config.
  for (const path of [fifo, '/dev/zero'])
    for (const args of [
      ['decrypt', file, '-i', path],
      ['encrypt', key, '--rules', path],
      ['activate', path],
      ['scan', '-c', path],
    ]) {
      const { code, stderr } = await secrets.run(args, { timeout: 20_000 });
      expect({ args, code, stderr }).toEqual({
        args,
        code: expect.any(Number),
        stderr: expect.stringMatching(/it is a pipe|it has more than/),
      });
    }
  const piped = spawn('bash', [
    '-c',
    `"${process.execPath}" "${secrets.path}" decrypt <(cat "${sparse}.none") -i "${key}"`,
  ]);
  expect((await once(piped, 'exit'))[0]).toBe(1);
});

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

/** `secrets ARGS` of a user who is not root, from a copy of the command that this user may read. */
async function runAsNobody(directory: string, args: readonly string[], input: string) {
  await chmod(directory, 0o755);
  const command = join(directory, 'command');
  await cp(dirname(secrets.path), command, { recursive: true });
  const argv = [join(command, basename(secrets.path)), ...args];
  const child = spawn(process.execPath, argv, { uid: nobody, gid: nobody, stdio: 'pipe' });
  child.stdin?.end(input);
  return ended(child);
}

test.runIf(isRoot).each([
  ['a folder that is not mine', 0o755, nobody, nobody, 0o644],
  ['a folder that I may not read', 0o711, nobody, nobody, 0o644],
  ['a group that I am not in', 0o1777, nobody, 0, 0o644],
  ['another owner, who lets me write', 0o777, 0, nobody, 0o664],
])('a file with %s can be changed, and stays whose it is', async (_what, folder, uid, gid, mode) => {
  const { directory, file, key, content } = await fixture();
  const [place, own] = [join(directory, 'place'), join(directory, 'place', 'a.yaml')];
  await mkdir(place);
  await cp(file, own);
  await chown(own, uid, gid);
  await chmod(own, mode);
  await chmod(place, folder);
  const done = await runAsNobody(directory, ['set', own, 'a', '-i', key], 'two');
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(await content(own)).toBe('a: two\n');
  const after = await stat(own);
  expect([after.uid, after.gid, after.mode & 0o777]).toEqual([uid, gid, mode]);
});

test.runIf(isRoot)('what this user may not write is said by name', async () => {
  const { directory, file, key } = await fixture();
  const set = await runAsNobody(directory, ['set', file, 'a', '-i', key], 'two');
  expect(set).toMatchObject({ code: 1, stderr: `secrets: ${file}: this user may not write there\n` });
});

/** A disk of 16 KiB with a copy of the file on it, and no room for more. */
async function fullDisk(directory: string, file: string) {
  const disk = join(directory, 'disk');
  await mkdir(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=755', 'tmpfs', disk]);
  const copy = join(disk, 'a.yaml');
  await cp(file, copy);
  await writeFile(join(disk, 'filler'), Buffer.alloc(1 << 16)).catch(() => undefined);
  return { disk, copy, [Symbol.asyncDispose]: async () => void execFileSync('umount', [disk]) };
}

test.runIf(isRoot)('on a full disk a file in a folder that is not mine stays whole, too', async () => {
  const { directory, file, key } = await fixture();
  await using full = await fullDisk(directory, file);
  await chown(full.copy, nobody, nobody);
  const before = await readFile(full.copy);
  const done = await runAsNobody(directory, ['set', full.copy, 'a', '-i', key], 'long '.repeat(4000));
  expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining('no space') });
  expect(done.stderr).toContain(full.copy);
  expect(await readFile(full.copy)).toEqual(before);
});

test.runIf(isRoot)('on a full disk no part of a new file is left', async () => {
  const { directory, file } = await fixture();
  await using full = await fullDisk(directory, file);
  await writeFile(join(directory, '.sops.yaml'), `creation_rules:\n  - age: ${keys.recipient}\n`);
  const editor = join(directory, 'editor');
  await writeFile(editor, '#!/bin/sh\necho "a: 1" > "$1"\n', { mode: 0o755 });
  const env = { ...process.env, VISUAL: editor, TMPDIR: directory };
  const edited = await secrets.run(['edit', join(full.disk, 'new.yaml')], { env });
  expect(edited).toMatchObject({ code: 1, stderr: expect.stringContaining('kept, encrypted') });
  const made = await secrets.run(['keygen', '-o', join(full.disk, 'key.txt')]);
  expect(made).toMatchObject({ code: 1, stdout: '' });
  expect((await readdir(full.disk)).sort()).toEqual(['a.yaml', 'filler']);
});

async function withEditor(script: string) {
  const world = await fixture();
  const [program, memory] = [
    join(world.directory, 'editor'),
    join('/dev/shm', `cutover-test-${process.pid}-${Math.random()}`),
  ];
  await mkdir(memory);
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const options = {
    env: { ...process.env, VISUAL: program, XDG_RUNTIME_DIR: memory, TMPDIR: world.directory },
  };
  return {
    ...world,
    memory,
    options,
    args: ['edit', world.file, '-i', world.key],
    [Symbol.asyncDispose]: () => rm(memory, { recursive: true }),
  };
}

test('an edit that meets a change of another process is kept, encrypted', async () => {
  await using world = await withEditor('sed -i s/one/mine/ "$1"; cp "$OTHER" "$TARGET"');
  const other = join(world.directory, 'other.yaml');
  await writeFile(other, await encryptFile('a: theirs\n', { file: other, recipients: [keys.recipient] }));
  const env = { ...world.options.env, OTHER: other, TARGET: world.file };
  const { code, stderr } = await secrets.run(world.args, { env });
  expect(code).toBe(1);
  expect(await world.content()).toBe('a: theirs\n');
  const kept = /kept, encrypted, as (\S+)/.exec(stderr)?.[1] ?? '';
  expect(await readFile(kept, 'utf8')).not.toContain('mine');
  expect(await world.content(kept)).toBe('a: mine\n');
});

test.runIf(isRoot)(
  'on a full disk an edit is kept, encrypted, elsewhere, and the file is as it was',
  async () => {
    await using world = await withEditor('sed -i s/one/mine/ "$1"');
    await using full = await fullDisk(world.directory, world.file);
    const { disk, copy: file } = full;
    const before = await readFile(file);
    const { code, stderr } = await secrets.run(['edit', file, '-i', world.key], world.options);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('ENOSPC') });
    expect(await readFile(file)).toEqual(before);
    expect((await readdir(disk)).sort()).toEqual(['a.yaml', 'filler']);
    expect(await readdir(world.memory)).toEqual([]);
    const kept = /kept, encrypted, as (\S+)/.exec(stderr)?.[1] ?? '';
    expect(await readFile(kept, 'utf8')).not.toContain('mine');
    expect(await world.content(kept)).toBe('a: mine\n');
    // And where the plain text itself does not fit, nothing of it stays.
    const there = { ...world.options.env, XDG_RUNTIME_DIR: disk };
    const unopened = await secrets.run(['edit', world.file, '-i', world.key], { env: there });
    expect(unopened).toMatchObject({ code: 1, stderr: expect.stringContaining('no space') });
    expect((await readdir(disk)).sort()).toEqual(['a.yaml', 'filler']);
    expect(await world.content()).toBe('a: one\n');
  },
);

test('plain text that a killed edit left in memory is removed by the next edit, and that of a living one stays', async () => {
  await using world = await withEditor('echo ready; read line');
  const start = async () => {
    const child = secrets.start(world.args, { ...world.options, detached: true });
    if (child.stdout) await once(child.stdout, 'data');
    return child;
  };
  const living = await start();
  const killed = await start();
  process.kill(-(killed.pid ?? 0), 'SIGKILL');
  await once(killed, 'exit');
  expect(await readdir(world.memory)).toHaveLength(2);
  const next = await start();
  const left = await readdir(world.memory);
  expect(left.filter((name) => name.includes(`-${killed.pid}-`))).toEqual([]);
  expect(left.filter((name) => name.includes(`-${living.pid}-`))).toHaveLength(1);
  for (const child of [living, next]) {
    child.stdin?.end('done\n');
    await once(child, 'exit');
  }
  expect(await readdir(world.memory)).toEqual([]);
});
