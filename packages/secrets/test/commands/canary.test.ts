import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair, identityFile, recipientsOf } from '../../src/age.ts';
import { loadSecretsConfig, renderManifest } from '../../src/index.ts';
import { createProgram } from '../../src/commands/program.ts';
import { git } from '../git.ts';
import { type MoveWorld, moveWorld, shim } from '../move/world.ts';
import { type Ended, secretsCommand } from '../secrets-command.ts';
import { soak } from '../soak.ts';

const asRoot = process.getuid?.() === 0;
const secrets = secretsCommand();

const canary = 'CANARY-b41f0e77-of-nobody';
const forms = [
  canary,
  Buffer.from(canary).toString('base64').slice(0, 30),
  Buffer.from(canary).toString('hex'),
];
const shows = (text: string): boolean => forms.some((form) => text.includes(form));

interface World extends MoveWorld {
  readonly key: string;
  readonly recipient: string;
  /** Runs a command where every program that it starts writes down its arguments and its environment. */
  run(args: readonly string[], input?: string): Promise<Ended>;
  /** Where it went wrong: the files with the canary, and what was written down with it. */
  found(): Promise<string[]>;
}

/** Programs that the commands start. */
const programs = [
  'git',
  'mkdir',
  'stat',
  'find',
  'mount',
  'systemctl',
  'sh',
  'cat',
  'mv',
  'chmod',
  'chown',
  'sync',
];

async function world(): Promise<World> {
  const base = await moveWorld({ one: `TOKEN=${canary}\n`, token: canary });
  const { root } = base;
  const [bin, home, log, key] = ['bin', 'home', 'log', 'key.txt'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  const record = `{ echo "$0" "$@"; $(command -v tr || echo /usr/bin/tr) '\\0' '\\n' < /proc/$$/environ; } >> ${log}`;
  for (const name of programs)
    await shim(bin, name, `${record}\n[ -z "$real" ] || exec $real "$@"`).catch(() => undefined);
  await mkdir(home);
  const memory = await mkdtemp('/dev/shm/cutover-secrets-test-');
  onTestFinished(() => rm(memory, { recursive: true }));
  const editor = join(bin, 'editor');
  await writeFile(editor, `#!/bin/sh\n${record}\necho 'more: "x"' >> "$1"\n`);
  await chmod(editor, 0o755);
  const keys = generateKeyPair();
  await writeFile(key, identityFile(keys));
  await writeFile(join(root, '.sops.yaml'), JSON.stringify({ creation_rules: [{ age: keys.recipient }] }));
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: home,
    TMPDIR: home,
    XDG_RUNTIME_DIR: memory,
    EDITOR: editor,
    SOPS_AGE_KEY_FILE: key,
  };
  return {
    ...base,
    key,
    recipient: keys.recipient,
    run: (args, input = '') => secrets.run(args, { env, cwd: root, input }),
    async found() {
      const places: string[] = [];
      const files = await readdir(root, { recursive: true, withFileTypes: true });
      for (const item of files) {
        const path = join(item.parentPath, item.name);
        // The sources, the activated secrets and the inputs of this test hold it on purpose.
        if (!item.isFile() || /^(?:source|run\.d|given)\//.test(path.slice(root.length + 1))) continue;
        if (shows(await readFile(path, 'latin1'))) places.push(path);
      }
      const left = await readdir(memory);
      const objects = git(base.repository, 'cat-file', '--batch-all-objects', '--batch', '--buffer');
      return [...places, ...left, ...(shows(objects) ? ['a git object'] : [])];
    },
  };
}

/** An exit code, the arguments that end with it, and standard input. */
type Failure = [code: number, args: string[], input?: string];

test.runIf(asRoot)(
  'a canary is in no argument, environment, output, file or git object, whatever command handles it',
  async () => {
    const { root, config, repository, key, recipient, run, found } = await world();
    const given = join(root, 'given');
    await mkdir(given);
    await writeFile(join(given, 'plain.yaml'), `a: ${canary}\nb: 1\n`);
    const file = join(root, 'a.yaml');
    const ran: string[] = [];
    const quiet = async (code: number, args: readonly string[], input?: string): Promise<Ended> => {
      const done = await run(args, input);
      expect({ args, code: done.code, error: done.code === code ? '' : done.stderr }).toEqual({
        args,
        code,
        error: '',
      });
      expect(shows(done.stdout + done.stderr)).toBe(false);
      ran.push(args[0] ?? '');
      return done;
    };
    await quiet(0, ['keygen', '-o', join(root, 'new.txt')]);
    await quiet(0, ['encrypt', join(given, 'plain.yaml'), '-r', recipient, '-o', file, '--json']);
    await quiet(0, ['set', file, 'c'], `${canary}\n`);
    await quiet(0, ['unset', file, 'b']);
    await quiet(0, ['edit', file]);
    await quiet(0, ['rotate', file]);
    await quiet(0, ['updatekeys', file]);
    await quiet(0, ['decrypt', file, '-o', join(given, 'out.yaml')]);
    expect(await readFile(join(given, 'out.yaml'), 'utf8')).toContain(canary);

    await quiet(0, ['move', '--from', 'local', '--to', 'local', '-c', config]);
    const manifest = join(repository, 'secrets', 'manifest.json');
    const rendered = renderManifest(await loadSecretsConfig(config));
    const places = { secretsMountPoint: join(root, 'run.d'), symlinkPath: join(root, 'run'), userMode: true };
    await writeFile(manifest, JSON.stringify({ ...rendered, ...places }));
    await quiet(0, ['activate', manifest]);
    await quiet(0, ['verify', '--from', 'local', '--to', 'local', '-c', config, '--json']);
    // The bootstrap key of this test lies below /tmp.
    await quiet(10, ['lint', manifest]);
    for (const check of soak(
      [
        ['guard', '--repository'],
        ['scan', '--from', 'local', '-c', config],
      ],
      [],
    ))
      await quiet(0, [...check, repository]);
    const bootstrap = join(root, 'key', 'age.txt');
    const revoke = ['revoke', '--repository', repository, '-i', bootstrap, '-c', config];
    const [leaver = ''] = await recipientsOf(await readFile(bootstrap, 'utf8'));
    await quiet(0, [...revoke, leaver, '--add', recipient]);
    await quiet(0, ['filestatus', file]);
    await quiet(0, ['exec-file', file, '/bin/true', '{}']);
    // It gives its command the values as variables, and shows them nowhere else.
    await quiet(0, ['exec-env', file, '/bin/true', 'x']);
    await quiet(0, ['git-setup', '--repository', repository]);

    // And when it fails, in every way with --soak: another key, a torn file, what is no YAML or JSON, a leak, a conflict.
    const stranger = join(root, 'stranger.txt');
    await writeFile(stranger, identityFile(generateKeyPair()));
    const broken = {
      torn: join(root, 'torn.yaml'),
      text: join(given, 'broken.yaml'),
      leaky: join(given, 'leaky.yaml'),
    };
    await writeFile(broken.torn, (await readFile(file)).subarray(0, 400));
    await writeFile(broken.text, `a: "${canary}\nb: [\n`);
    const half = Buffer.from(
      await encryptFile(`a: 1\nb: ${canary}\n`, { file, recipients: [recipient] }),
    ).toString();
    await writeFile(broken.leaky, half.replace(/^b: ENC.*$/m, `b: ${canary}`));
    const parsing: Failure[] = [[1, ['encrypt', broken.text, '-r', recipient]]];
    const others: Failure[] = [
      [12, ['decrypt', broken.leaky]],
      [1, ['set', file, 'x', '--json-value'], `{"a": ${canary}`],
      [11, ['decrypt', file, '-i', stranger]],
      [11, ['rotate', file, '-i', stranger]],
      [11, ['edit', file, '-i', stranger]],
      ...['decrypt', 'rotate', 'edit'].map((name): Failure => [1, [name, broken.torn, '-i', key]]),
      [12, ['set', broken.leaky, 'x'], canary],
      [1, ['encrypt', file, '-r', recipient]],
      [1, ['unset', file, 'nope/x']],
      [1, ['decrypt', file, '--key', 'nope']],
      [2, ['verify', '--to', 'local', '-c', join(given, 'plain.yaml'), '--json']],
      [2, ['activate', join(given, 'plain.yaml')]],
      [1, ['move', '--from', 'local', '--to', 'local', '-c', config, '--bootstrap-identity', stranger]],
    ];
    await writeFile(join(root, 'source', 'one'), `TOKEN=${canary}-2\n`);
    for (const failure of soak([...parsing, ...others], parsing)) await quiet(...failure);
    expect(await found()).toEqual([]);
    // From here on the repository holds it, as somebody's mistake.
    await writeFile(join(repository, 'leak.yaml'), `token: ${canary}\n`);
    await writeFile(join(repository, 'secrets', 'leaky.yaml'), await readFile(broken.leaky));
    git(repository, 'add', '.');
    await quiet(10, ['guard', '--repository', repository, '--json']);
    await quiet(10, ['scan', repository, '--from', 'local', '-c', config, '--json']);
    const { commands } = await createProgram([]);
    expect(commands.map((command) => command.name()).filter((name) => !ran.includes(name))).toEqual([]);
    // The programs did write down what they got.
    const log = await readFile(join(root, 'log'), 'utf8');
    expect(log).toMatch(/\/git .*commit[^]*PATH=/);
    expect(log).toMatch(/\/editor /);
    expect(shows(log)).toBe(false);
  },
  120_000,
);
