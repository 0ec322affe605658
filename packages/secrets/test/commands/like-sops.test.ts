import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKeyPair, identityFile, parseIdentities } from '../../src/age.ts';
import { fromSopsArguments } from '../../src/commands/sops-arguments.ts';
import { decryptFile, encryptFile, readMetadata } from '../../src/sops.ts';
import { secretsCommand } from '../secrets-command.ts';
import { runSops, sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const secrets = secretsCommand();
const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);
const sops = sopsCommand('3.13.2');

const text =
  'a/b:\n    c: slash\na:\n    b: short\nnum: 5\nlist:\n    - one\n    - two\nmap:\n    x: 1\n    two: z\n';

async function fixture(content = text, name = 'a.yaml') {
  const directory = await temporaryDirectory();
  const [file, key] = [join(directory, name), join(directory, 'key.txt')];
  await writeFile(key, identityFile(keys));
  await writeFile(file, await encryptFile(content, { file, recipients: [keys.recipient] }));
  const run = (...args: string[]) =>
    secrets.run([...args.slice(0, 1), '-i', key, ...args.slice(1)], { cwd: directory });
  const content_ = async () =>
    Buffer.from((await decryptFile(await readFile(file), { file, identities })).plaintext).toString();
  return { directory, file, key, run, content: content_ };
}

test('a key with / in it is named as for sops, and a short path that could mean it is refused', async () => {
  const { file, run, content, key } = await fixture();
  expect(await run('decrypt', file, '--extract', '["a/b"]["c"]')).toMatchObject({ code: 0, stdout: 'slash' });
  const set = (path: string) => secrets.run(['set', file, path, '-i', key], { input: 'new' });
  expect(await set('a/b')).toMatchObject({ code: 2, stderr: expect.stringContaining('["a/b"]') });
  expect(await content()).toBe(text);
  expect(await set('["a/b"]["c"]')).toMatchObject({ code: 0 });
  expect(await set('list/0')).toMatchObject({ code: 0 });
  expect(await run('unset', file, '["list"][1]')).toMatchObject({ code: 0 });
  expect(await content()).toBe(text.replace('slash', 'new').replace('- one\n    - two', '- new'));
  expect(await set('["a"')).toMatchObject({ code: 2 });
});

test.runIf(sops !== undefined)('--extract and --output-type give what sops gives', async () => {
  const { file, run, directory } = await fixture();
  for (const path of ['["num"]', '["a/b"]["c"]', '["map"]', '["list"][1]'])
    expect((await run('decrypt', file, '--extract', path)).stdout).toBe(
      runSops(sops ?? '', ['decrypt', '--extract', path, file], { ...keys, cwd: directory }).toString(),
    );
  expect((await run('decrypt', file, '--output-type', 'json')).stdout).toBe(
    runSops(sops ?? '', ['decrypt', '--output-type', 'json', file], { ...keys, cwd: directory }).toString(),
  );
  for (const [name, lists] of [
    ['a.yaml', 'a: []\nb: [[], 1]\nc: {}\n'],
    ['a.json', '{"a": [], "b": [[], 1], "c": {}}'],
  ] as const) {
    const other = await fixture(lists, name);
    for (const path of ['["a"]', '["b"]', '["b"][0]', '["c"]'])
      expect((await other.run('decrypt', other.file, '--extract', path)).stdout).toBe(
        runSops(sops ?? '', ['decrypt', '--extract', path, other.file], keys).toString(),
      );
  }
  const flat = await fixture('A: one\nB: "2"\n');
  expect((await flat.run('decrypt', flat.file, '--output-type', 'dotenv')).stdout).toBe('A=one\nB=2\n');
});

test('several files are decrypted one after another', async () => {
  const { file, run } = await fixture('a: 1\n');
  expect((await run('decrypt', file, file)).stdout).toBe('a: 1\na: 1\n');
});

test('a command gets the values as variables, or the plain text as a file, and its exit code is ours', async () => {
  const { file, run } = await fixture('TOKEN: CANARY\nPORT: 5\n');
  expect(await run('exec-env', file, 'printf "%s %s" "$TOKEN" "$PORT"; exit 7')).toMatchObject({
    code: 7,
    stdout: 'CANARY 5',
  });
  expect((await run('exec-env', '--pristine', file, '/usr/bin/env')).stdout.trim().split('\n')).toEqual(
    expect.arrayContaining(['TOKEN=CANARY', 'PORT=5']),
  );
  const shown = await run('exec-file', file, 'cat', '{}');
  expect(shown).toMatchObject({ code: 0, stdout: 'TOKEN: CANARY\nPORT: 5\n' });
  const path = (await run('exec-file', file, 'echo', '{}')).stdout.trim();
  expect(path).toMatch(/a\.yaml$/);
  await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  const nested = await fixture();
  expect(await nested.run('exec-env', nested.file, 'true')).toMatchObject({ code: 1 });
});

test('filestatus says whether a file is encrypted, and what of it is not', async () => {
  const { file, directory } = await fixture('a: one\n');
  const status = async (path: string): Promise<unknown> =>
    JSON.parse((await secrets.run(['filestatus', path])).stdout);
  expect(await status(file)).toEqual({ encrypted: true, plaintext: [] });
  await writeFile(join(directory, 'p.yaml'), 'a: 1\n');
  expect(await status(join(directory, 'p.yaml'))).toEqual({ encrypted: false });
});

test('recipients come and go with a new data key', async () => {
  const { file, run } = await fixture('a: one\n');
  const other = generateKeyPair();
  expect(await run('rotate', file, '--add-age', other.recipient)).toMatchObject({ code: 0 });
  const open = async (identity: string) =>
    decryptFile(await readFile(file), { file, identities: parseIdentities(identity) });
  await expect(open(other.identity)).resolves.toBeDefined();
  expect(await run('rotate', file, '--rm-age', other.recipient)).toMatchObject({ code: 0 });
  await expect(open(other.identity)).rejects.toMatchObject({ code: 'NO_IDENTITY' });
  expect(await run('rotate', file, '--rm-age', other.recipient)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('it is not for'),
  });
});

test('updatekeys says who comes in and who goes out', async () => {
  const { file, run, directory } = await fixture('a: one\n');
  const other = generateKeyPair();
  await writeFile(join(directory, '.sops.yaml'), `creation_rules:\n  - age: ${other.recipient}\n`);
  const { code, stderr } = await run('updatekeys', file, '-y');
  expect(code).toBe(0);
  expect(stderr).toBe(`${file}:\n  + ${other.recipient}\n  - ${keys.recipient}\n`);
});

test('a changed file opens for recovery only when that is asked for, and loudly', async () => {
  const { file, run } = await fixture('a: one\nb_unencrypted: two\n');
  await writeFile(file, (await readFile(file, 'utf8')).replace('two', 'three'));
  expect(await run('decrypt', file)).toMatchObject({ code: 12 });
  expect(await run('decrypt', file, '--ignore-mac')).toMatchObject({
    code: 0,
    stdout: 'a: one\nb_unencrypted: three\n',
    stderr: expect.stringContaining('WARNING'),
  });
});

test('recipients and the selection may be given on the command', async () => {
  const directory = await temporaryDirectory();
  const [plain, out] = [join(directory, 'p.yaml'), join(directory, 'out.yaml')];
  await writeFile(plain, 'secret: a\nopen: b\n');
  const other = generateKeyPair().recipient;
  const args = [
    'encrypt',
    '-r',
    `${keys.recipient},${other}`,
    plain,
    '-o',
    out,
    '--encrypted-regex',
    '^secret$',
  ];
  expect(await secrets.run(args)).toMatchObject({ code: 0 });
  const { groups, rule } = await readMetadata(await readFile(out), { file: out });
  expect(groups[0]?.age.map(({ recipient }) => recipient)).toEqual([keys.recipient, other]);
  expect(rule).toEqual({ kind: 'encrypted_regex', value: '^secret$' });
  expect(await readFile(out, 'utf8')).toContain('open: b\n');
  const env = { ...process.env, SOPS_AGE_RECIPIENTS: other };
  const { stdout } = await secrets.run(['encrypt', plain], { env });
  expect(stdout).toContain(other);
  expect(await secrets.run([...args, '--encrypted-suffix', 'x'])).toMatchObject({ code: 2 });
});

test('a file that is not there yet is edited, encrypted by its rule, and not made without a change', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, '.sops.yaml'), `creation_rules:\n  - age: ${keys.recipient}\n`);
  await writeFile(join(directory, 'editor'), '#!/bin/sh\nprintf "a: new\\n" > "$1"\n', { mode: 0o755 });
  const edit = (editor: string) =>
    secrets.run(['edit', join(directory, 'new.yaml')], { env: { ...process.env, VISUAL: editor } });
  expect(await edit('true')).toMatchObject({ code: 0 });
  expect(await readdir(directory)).not.toContain('new.yaml');
  expect(await edit(join(directory, 'editor'))).toMatchObject({ code: 0 });
  const bytes = await readFile(join(directory, 'new.yaml'));
  const { plaintext } = await decryptFile(bytes, { file: 'new.yaml', identities });
  expect(Buffer.from(plaintext).toString()).toBe('a: new\n');
});

test("sops's own flags name the commands", () => {
  expect(fromSopsArguments(['-d', 'a.yaml'])).toEqual(['decrypt', 'a.yaml']);
  expect(fromSopsArguments(['-e', '-i', 'a.yaml'])).toEqual(['encrypt', '--in-place', 'a.yaml']);
  expect(fromSopsArguments(['-i', '-r', 'a.yaml'])).toEqual(['rotate', 'a.yaml']);
  expect(fromSopsArguments(['decrypt', '-i', 'key', 'a.yaml'])).toEqual(['decrypt', '-i', 'key', 'a.yaml']);
});

test('what has no name, no config, or an odd name is said plainly', async () => {
  const { directory, file, key } = await fixture('a: one\n', 'secrets.yaml');
  expect(await secrets.run(['encrypt', '-', '-r', keys.recipient], { input: 'x' })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--format'),
  });
  // A sops file of this name, as sops-nix has it, is not the config.
  expect(await secrets.run(['decrypt', file, '-i', key], { cwd: directory })).toMatchObject({ code: 0 });
  expect(await secrets.run(['verify', '--to', 'local'], { cwd: directory })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('it is a sops file, not the config'),
  });
  expect(await secrets.run(['scan', '-c', 'typo.yaml'], { cwd: directory })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('typo.yaml: there is no such file'),
  });
  expect(await secrets.run(['encrypt', file], { cwd: directory })).toMatchObject({
    stderr: expect.stringContaining('--recipient'),
  });
  expect((await secrets.run(['decrypt', 'a\u001b[2J\n.yaml', '-i', key])).stderr).toBe(
    'secrets: a\\x1b[2J\\x0a.yaml: there is no such file\n',
  );
  expect(await secrets.run(['decrypt', file, '-i', key, '-o', join(directory, 'none', 'x')])).toMatchObject({
    stderr: expect.stringContaining('its folder does not exist'),
  });
});

test('-i is in place where sops has it so and no identity can be meant', async () => {
  const { file, directory, key } = await fixture('a: one\n');
  const other = generateKeyPair();
  const env = { ...process.env, SOPS_AGE_KEY_FILE: key };
  const run = (...args: string[]) => secrets.run(args, { cwd: directory, env });
  expect(await run('rotate', '-i', '--add-age', other.recipient, file)).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect((await readMetadata(await readFile(file), { file })).groups[0]?.age).toHaveLength(2);
  expect(await run('rotate', '-i', file)).toMatchObject({ code: 0, stderr: '' });
  expect((await run('decrypt', '-i', key, file)).stdout).toBe('a: one\n');
  expect(await run('decrypt', '-i', file)).toMatchObject({ code: 0, stdout: '' });
  expect(await readFile(file, 'utf8')).toBe('a: one\n');
  expect(await run('encrypt', '--age', other.recipient, '-i', file)).toMatchObject({ code: 0, stdout: '' });
  expect((await readMetadata(await readFile(file), { file })).groups[0]?.age).toHaveLength(1);
});

test("sops's own words for format, name and value are taken", async () => {
  const { file, directory, key, run, content } = await fixture('a: one\n');
  const plain = join(directory, 'noname');
  await writeFile(plain, await readFile(file));
  expect((await run('decrypt', '--input-type', 'yaml', plain)).stdout).toBe('a: one\n');
  const named = ['encrypt', '--age', keys.recipient, '--filename-override', 'b.yaml', '-'];
  expect((await secrets.run(named, { input: 'b: 1\n' })).stdout).toContain('b: ENC[');
  const set = ['set', '--value-stdin', file, '["a"]', '-i', key];
  expect(await secrets.run(set, { input: '5' })).toMatchObject({ code: 0 });
  expect(await content()).toBe('a: 5\n');
  expect(await run('exec-file', '--no-fifo', '--output-type', 'json', file, 'cat {}')).toMatchObject({
    stdout: '{\n\t"a": 5\n}\n',
  });
  expect(await run('exec-file', '--filename', '..', file, 'cat {}')).toMatchObject({ code: 2 });
});

test('what would lose the rest of a file, or take a secret from the arguments, is refused', async () => {
  const { file, key, run, content } = await fixture('a: one\nb: two\n');
  expect(await run('decrypt', '--in-place', '--extract', 'a', file)).toMatchObject({ code: 2 });
  expect(await secrets.run(['encrypt', '--in-place', '--output', `${file}.x`, key])).toMatchObject({
    code: 2,
  });
  const argument = await secrets.run(['set', file, '["a"]', '"CANARY"', '-i', key], { input: 'x' });
  expect(argument).toMatchObject({ code: 2, stderr: expect.stringContaining('standard input') });
  expect(argument.stderr).not.toContain('CANARY');
  const two = await secrets.run(['set', '--json-value', file, 'a', '-i', key], { input: '1, "b": 2' });
  expect(two).toMatchObject({ code: 2 });
  expect(await content()).toBe('a: one\nb: two\n');
});

test('a variable that cannot hold a value is refused, and does not become another one', async () => {
  const nul = await fixture('A=1\0B\n', 'a.env');
  expect(await nul.run('exec-env', nul.file, 'env')).toMatchObject({ code: 1, stdout: '' });
  const bytes = await fixture('a: !!binary /w==\n');
  expect(await bytes.run('exec-env', bytes.file, 'env')).toMatchObject({ code: 1, stdout: '' });
});

/** The lines of a file that say what is encrypted and for whom. */
const shape = (file: string): string[] =>
  file
    .split('\n')
    .filter((line) => /^(?:data|meta)|^ {4}(?:encrypted_|unencrypted_|mac_only)|recipient:/.test(line))
    .map((line) => line.replace(/ENC\[.*/, 'ENC'));

/** A folder with a creation rule for somebody else, and a file that it says something of. */
async function underRule() {
  const directory = await temporaryDirectory();
  const rules = (lines: string): Promise<void> =>
    writeFile(
      join(directory, '.sops.yaml'),
      `creation_rules:\n  - age: ${generateKeyPair().recipient}\n${lines}`,
    );
  await rules('    encrypted_regex: ^data$\n    mac_only_encrypted: true\n');
  await writeFile(join(directory, 'a.yaml'), 'data: one\nmeta_unencrypted: two\nmeta: three\n');
  const encrypt = async (args: readonly string[], env: Record<string, string> = {}): Promise<string[]> => {
    const options = { cwd: directory, env: { ...process.env, ...env } };
    return shape((await secrets.run(['encrypt', ...args, 'a.yaml'], options)).stdout);
  };
  return { directory, rules, encrypt };
}

const byRule = [
  'data: ENC',
  'meta_unencrypted: two',
  'meta: three',
  `          recipient: ${keys.recipient}`,
  '    encrypted_regex: ^data$',
  '    mac_only_encrypted: true',
];

test('given recipients take the place of those of the creation rule, which still says what is encrypted', async () => {
  const { directory, rules, encrypt } = await underRule();
  expect(await encrypt(['--age', keys.recipient])).toEqual(byRule);
  expect(await encrypt([], { SOPS_AGE_RECIPIENTS: keys.recipient })).toEqual(byRule);
  // Where no rule matches, sops refuses it, and we take its default.
  await rules('    path_regex: other/\n');
  expect(await encrypt(['--age', keys.recipient])).toContain('    unencrypted_suffix: _unencrypted');
  await writeFile(join(directory, 'elsewhere'), `creation_rules:\n  - age: ${keys.recipient}\n`);
  const named = await encrypt([], { SOPS_CONFIG: join(directory, 'elsewhere') });
  expect(named).toContain(`          recipient: ${keys.recipient}`);
});

test.runIf(sops !== undefined)('so it is with the sops command, by our engine and by itself', async () => {
  const { directory, encrypt } = await underRule();
  const engine = ['--engine', 'sops', '--sops', sops ?? '', '--sops-version', '3.13.2'];
  expect(await encrypt([...engine, '--age', keys.recipient])).toEqual(byRule);
  const args = ['encrypt', '--age', keys.recipient, 'a.yaml'];
  expect(shape(runSops(sops ?? '', args, { ...keys, cwd: directory }).toString())).toEqual(byRule);
});
