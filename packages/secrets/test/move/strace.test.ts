import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSecretsConfig, renderManifest } from '../../src/index.ts';
import { secretsCommand } from '../secrets-command.ts';
import { moveWorld } from './world.ts';

const asRoot = process.getuid?.() === 0;
const hasStrace = spawnSync('strace', ['--version']).status === 0;
const secrets = secretsCommand();
const canary = 'CANARY-9c02e1b7-of-nobody';

/** The calls by which content leaves a process: to programs, into files, pipes and sockets, and by names. */
const calls =
  'execve,execveat,openat,open,mkdir,mkdirat,rename,renameat2,symlink,link,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg';

/** Runs a command with all processes that it starts, and gives what the kernel was asked with the canary in it. */
async function asked(log: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const strace = ['-f', '-y', '--seccomp-bpf', '-s', '200000', '-e', `trace=${calls}`, '-o', log];
  const ran = spawnSync('strace', [...strace, process.execPath, secrets.path, ...args], {
    env,
    encoding: 'utf8',
  });
  expect({ code: ran.status, error: ran.status === 0 ? '' : ran.stderr }).toEqual({ code: 0, error: '' });
  expect(ran.stdout + ran.stderr).not.toContain(canary);
  const lines = (await readFile(log, 'utf8')).split('\n');
  const [raw, base64, hex] = [canary, Buffer.from(canary).toString('base64').slice(0, 30), hexOf(canary)];
  return {
    all: lines,
    shown: lines.filter((line) => [raw, base64, hex].some((form) => line.includes(form))),
  };
}

const hexOf = (text: string): string => Buffer.from(text).toString('hex');

test.runIf(asRoot && hasStrace)(
  'to the kernel a secret is named only on its way through a pipe, by move and by verify',
  async () => {
    const { root, repository, config, bootstrapKey } = await moveWorld({
      one: `TOKEN=${canary}\n`,
      token: canary,
    });
    const env = { PATH: process.env['PATH'], HOME: root, TMPDIR: root };
    const log = join(root, 'strace.log');
    const to = ['--from', 'local', '--to', 'local', '-c', config];
    const moved = await asked(log, ['move', ...to], env);
    const manifest = join(repository, 'secrets', 'manifest.json');
    const places = { secretsMountPoint: join(root, 'run.d'), symlinkPath: join(root, 'run'), userMode: true };
    await writeFile(
      manifest,
      JSON.stringify({ ...renderManifest(await loadSecretsConfig(config)), ...places }),
    );
    const activated = await asked(log, ['activate', manifest], env);
    const verified = await asked(log, ['verify', ...to, '-i', bootstrapKey], env);

    // It was watched: git was run, and the files of the move and of the activation were written.
    expect(moved.all.some((line) => /execve\("[^"]*git"/.test(line))).toBe(true);
    expect(moved.all.some((line) => /write\(\d+<[^>]*one\.sops/.test(line))).toBe(true);
    expect(activated.shown.some((line) => /write\(\d+<\/[^>]*run\.d/.test(line))).toBe(true);
    // Between Node and the programs that it starts there are sockets.
    const through = / write\(\d+<(?:pipe|socket):/;
    const elsewhere = [...moved.shown, ...verified.shown].filter((line) => !through.test(line));
    expect(elsewhere).toEqual([]);
    const notThere = activated.shown.filter((line) => !/ p?write(?:64)?\(\d+<[^>]*\/run\.d\//.test(line));
    expect(notThere).toEqual([]);
    // Nor the new host's key, but into its own file.
    const keys = [...moved.all, ...verified.all].filter((line) => line.includes('AGE-SECRET-KEY-'));
    expect(keys.filter((line) => !/ write\(\d+<(?:pipe:|socket:|[^>]*\/key\/)/.test(line))).toEqual([]);
  },
);
