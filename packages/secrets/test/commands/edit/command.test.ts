import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decryptFile, encryptFile } from '../../../src/sops.ts';
import { generateKeyPair, identityFile, parseIdentities } from '../../../src/age.ts';
import { editorCommand } from '../../../src/commands/edit/run-editor.ts';
import { ended, secretsCommand } from '../../secrets-command.ts';
import { soak } from '../../soak.ts';
import { temporaryDirectory } from '../../temporary.ts';

const secrets = secretsCommand();

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);

/** A sops file, its key, and an editor that is a shell script; `memory` is where the plain text will be. */
async function fixture(editor: string) {
  const directory = await temporaryDirectory();
  const [file, key, program] = ['a.yaml', 'key.txt', 'editor'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const memory = `/dev/shm/cutover-secrets-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  await mkdir(memory);
  await writeFile(key, identityFile(keys));
  await writeFile(file, await encryptFile('a: CANARY\n', { file, recipients: [keys.recipient] }));
  await writeFile(program, `#!/bin/sh\n${editor}\n`);
  await chmod(program, 0o755);
  return {
    args: ['edit', file, '-i', key],
    options: { env: { ...process.env, VISUAL: program, XDG_RUNTIME_DIR: memory } },
    file,
    directory,
    left: () => readdir(memory),
    content: async () => {
      const { plaintext } = await decryptFile(await readFile(file), { file, identities });
      return Buffer.from(plaintext).toString('utf8');
    },
    [Symbol.asyncDispose]: () => rm(memory, { recursive: true }),
  };
}

test('an edit changes the file, and its plain text is gone, with what the editor left beside it', async () => {
  await using world = await fixture('cp "$1" "$1.swp"; sed -i s/CANARY/other/ "$1"');
  const done = await secrets.run([...world.args, '--json'], world.options);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(done.stdout)).toEqual({ files: [{ file: world.file, changed: true }] });
  expect(await world.left()).toEqual([]);
  expect(await world.content()).toBe('a: other\n');
});

/** Ends what is left of a process group. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

type Ending = [signal: NodeJS.Signals, code: number, trap: string];

describe.each([
  ['SIGINT', 130, 'trap "exit 3" INT'],
  ['SIGTERM', 143, 'trap "exit 3" TERM'],
  ...soak<Ending[]>(
    [
      ['SIGHUP', 143, 'trap "exit 3" HUP'],
      ['SIGTERM', 143, 'trap "" TERM'],
    ],
    [],
  ),
] satisfies Ending[])('%s during an edit', (signal, code, trap) => {
  test(`ends with ${code} and leaves neither plain text nor a change, by an editor with: ${trap}`, async () => {
    // It says that it is there, then waits for a signal; sleeping in the background, so that a trap runs at once.
    await using world = await fixture(`${trap}\necho x >> "$1"; echo ready\nsleep 30 & wait; sleep 30`);
    const before = await readFile(world.file);
    // In a group of its own, as a terminal's foreground job is; Ctrl-C goes to all of the group.
    const child = secrets.start(world.args, { ...world.options, detached: true });
    const end = ended(child);
    if (child.stdout) await once(child.stdout, 'data');
    expect(await world.left()).toHaveLength(1);
    if (signal === 'SIGINT') process.kill(-(child.pid ?? 0), signal);
    else child.kill(signal);
    await once(child, 'exit');
    endGroup(child.pid);
    expect(await end).toMatchObject({ code });
    expect(await world.left()).toEqual([]);
    expect(await readFile(world.file)).toEqual(before);
  });
});

test('an editor that takes Ctrl-C for itself goes on, and its edit counts', async () => {
  await using world = await fixture('trap "" INT\necho $$; read line; sed -i s/CANARY/other/ "$1"');
  const child = secrets.start(world.args, { ...world.options, detached: true });
  const end = ended(child);
  const [pid] = child.stdout ? await once(child.stdout, 'data') : [];
  // It may hear of the signal and of the editor's end together, and of the later one first.
  child.kill('SIGSTOP');
  process.kill(-(child.pid ?? 0), 'SIGINT');
  child.stdin?.end('go on\n');
  const state = async () => (await readFile(`/proc/${Number(pid)}/stat`, 'utf8')).split(' ')[2];
  await expect.poll(state, { timeout: 20_000 }).toBe('Z');
  child.kill('SIGCONT');
  expect(await end).toMatchObject({ code: 0, stderr: '' });
  expect(await world.left()).toEqual([]);
  expect(await world.content()).toBe('a: other\n');
});

test('an editor that fails, or is not there, leaves the file and no plain text', async () => {
  await using world = await fixture('exit 7');
  expect(await secrets.run(world.args, world.options)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('exit code 7'),
  });
  const env = { ...world.options.env, VISUAL: '/nonexistent/editor' };
  expect(await secrets.run(world.args, { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('could not be started'),
  });
  expect(await world.left()).toEqual([]);
});

/** Runs the command at a terminal, and answers a question to go back to the editor by Enter. */
async function backAtTerminal(args: readonly string[], options: SpawnOptions) {
  const command = [process.execPath, secrets.path, ...args].join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { ...options, stdio: 'pipe' });
  let seen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const asked = seen.includes('goes back to the editor');
    seen += chunk.toString();
    if (!asked && seen.includes('goes back to the editor')) child.stdin.write('\n');
  });
  const [code] = await once(child, 'exit');
  return { code, seen };
}

test('an edit that cannot be read is not lost: at a terminal the editor opens again with it', async () => {
  await using world = await fixture(
    'if grep -q broken "$1"; then echo "a: repaired" > "$1"; else echo "a: [broken" > "$1"; fi',
  );
  const { code, seen } = await backAtTerminal(world.args, world.options);
  expect(code).toBe(0);
  expect(seen).toContain(`${world.file}:2: `);
  expect(await world.left()).toEqual([]);
  expect(await world.content()).toBe('a: repaired\n');
  // Of a new file, too.
  await writeFile(join(world.directory, '.sops.yaml'), `creation_rules:\n  - age: ${keys.recipient}\n`);
  await rm(world.file);
  expect(await backAtTerminal(world.args, world.options)).toMatchObject({ code: 0 });
  expect(await world.content()).toBe('a: repaired\n');
});

test("sops's own variable names the editor first, and an empty one none", () => {
  expect(editorCommand({ SOPS_EDITOR: 'a -w', VISUAL: 'b', EDITOR: 'c' })).toEqual(['a', '-w']);
  expect(editorCommand({ SOPS_EDITOR: '', VISUAL: ' ', EDITOR: 'c' })).toEqual(['c']);
  expect(editorCommand({})).toEqual(['vi']);
});

test('an editor that takes the file away leaves it as it was, and one is not opened for a file without a folder', async () => {
  await using world = await fixture('rm "$1"');
  const before = await readFile(world.file);
  const removed = await secrets.run(world.args, world.options);
  expect(removed).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no such file') });
  expect(await readFile(world.file)).toEqual(before);
  const nowhere = join(world.directory, 'none', 'a.yaml');
  expect(await secrets.run(['edit', nowhere], world.options)).toMatchObject({
    code: 1,
    stderr: `secrets: ${nowhere}: its folder does not exist\n`,
  });
  expect(await world.left()).toEqual([]);
});

test('what somebody else changed while the editor was open is not overwritten', async () => {
  await using world = await fixture('sed -i s/CANARY/mine/ "$1"; cp "$OTHER" "$TARGET"');
  const other = join(world.directory, 'other.yaml');
  await writeFile(other, await encryptFile('a: theirs\n', { file: other, recipients: [keys.recipient] }));
  const env = { ...world.options.env, OTHER: other, TARGET: world.file };
  expect(await secrets.run(world.args, { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('was changed while the editor was open'),
  });
  expect(await readFile(world.file)).toEqual(await readFile(other));
});
