import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, readFile, readdir, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ActivationReport } from '../../src/activate/activate.ts';
import { activate } from '../../src/activate.ts';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair, identityFile } from '../../src/age.ts';
import { ended, secretsCommand } from '../secrets-command.ts';
import { soak } from '../soak.ts';
import { temporaryDirectory } from '../temporary.ts';

const secrets = secretsCommand();

/** Manifests for one mount point, each with twenty secrets that tell which of them they are of. */
async function manifests(count: number): Promise<{ root: string; paths: string[] }> {
  const root = await temporaryDirectory();
  const keys = generateKeyPair();
  await writeFile(join(root, 'key.txt'), identityFile(keys));
  const paths = Array.from({ length: count }, (_, index) => join(root, `manifest-${index}.json`));
  for (const [index, path] of paths.entries()) {
    const sopsFile = join(root, `${index}.env`);
    const text = await encryptFile(`OF=${index}\n`, { file: sopsFile, recipients: [keys.recipient] });
    await writeFile(sopsFile, text);
    const secret = (_: unknown, number: number): object => ({
      name: `secret-${number}`,
      sopsFile,
      format: 'dotenv',
      mode: '0400',
      restartUnits: ['one.service'],
    });
    const manifest = {
      secrets: Array.from({ length: 20 }, secret),
      secretsMountPoint: join(root, 'run.d'),
      symlinkPath: join(root, 'run'),
      keepGenerations: 0,
      ageKeyFile: join(root, 'key.txt'),
      userMode: true,
    };
    await writeFile(path, JSON.stringify(manifest));
  }
  return { root, paths };
}

/** Which manifests' secrets are in a directory. */
async function contentsOf(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
}

/** An activation that holds the lock and waits for its unit, until the file `go` is there. */
async function holding(root: string, manifest: string): Promise<ChildProcess> {
  const bin = join(root, 'bin');
  await mkdir(bin);
  const systemctl = `#!/bin/sh
case "$2" in
is-active) echo active ;;
show) echo ;;
*) : > ${root}/waits; while [ -e ${root} ] && [ ! -e ${root}/go ]; do sleep 0.05; done; : > ${root}/over ;;
esac
`;
  await writeFile(join(bin, 'systemctl'), systemctl);
  await chmod(join(bin, 'systemctl'), 0o755);
  const child = secrets.start(['activate', manifest], {
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await vi.waitFor(() => access(join(root, 'waits')), { timeout: 30_000 });
  return child;
}

/** How many the kernel has wait for the lock of a file. */
async function waitersFor(path: string): Promise<number> {
  const { ino } = await stat(path);
  const locks = (await readFile('/proc/locks', 'utf8')).split('\n');
  return locks.filter((line) => line.includes('-> FLOCK') && line.includes(`:${ino} `)).length;
}

type Activate = (manifest: string) => Promise<ActivationReport>;
const byCall: Activate = (manifest) => activate({ manifest, noUnits: true });
const byCommand: Activate = async (manifest) => {
  const { code, stdout } = await secrets.run(['activate', manifest, '--no-units', '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as ActivationReport;
};

test.each(
  soak<[string, number, Activate][]>(
    [
      ['calls', 24, byCall],
      ['processes', 24, byCommand],
    ],
    [['calls', 6, byCall]],
  ),
)(
  'activations at once, as %s, take turns: each makes a whole generation of its own',
  async (_how, count, run) => {
    const { root, paths } = await manifests(count);
    const reports = await Promise.all(paths.map(run));
    const numbers = paths.map((_, index) => index + 1);
    expect(reports.map(({ generation }) => generation).sort((a, b) => a - b)).toEqual(numbers);
    for (const [index, { generation }] of reports.entries()) {
      const contents = await contentsOf(join(root, 'run.d', String(generation)));
      expect(contents).toEqual(Array.from({ length: 20 }, () => `OF=${index}\n`));
    }
    expect(await readlink(join(root, 'run'))).toBe(join(root, 'run.d', String(paths.length)));
  },
);

test('one that is at work is named when it does not end in time, and is not disturbed', async () => {
  const { root, paths } = await manifests(2);
  const [one = '', two = ''] = paths;
  await activate({ manifest: one, noUnits: true });
  const holder = await holding(root, two);
  const ending = ended(holder);
  await expect(activate({ manifest: one, noUnits: true, lockPatience: 100 })).rejects.toMatchObject({
    code: 'ACTIVATION_LOCKED',
    file: join(root, 'run.d.lock'),
    message: expect.stringContaining(`pid ${holder.pid} since `),
  });
  await writeFile(join(root, 'go'), '');
  expect(await ending).toMatchObject({ code: 0 });
  expect(await contentsOf(join(root, 'run'))).toContain('OF=1\n');
});

test('one that is killed leaves no lock behind, although what it started lives on', async () => {
  const { root, paths } = await manifests(2);
  const [one = '', two = ''] = paths;
  await activate({ manifest: one, noUnits: true });
  const holder = await holding(root, two);
  const waiting = activate({ manifest: one, noUnits: true });
  await vi.waitFor(async () => expect(await waitersFor(join(root, 'run.d.lock'))).toBe(1), {
    timeout: 30_000,
  });
  const exited = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exited;
  expect(await waiting).toMatchObject({ generation: 3 });
  expect(await contentsOf(join(root, 'run'))).toContain('OF=0\n');
  await writeFile(join(root, 'go'), '');
  await vi.waitFor(() => access(join(root, 'over')), { timeout: 30_000 });
});
