import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { httpsGitEnvironment } from '../../src/forge/https-git.ts';

test('git gets the token as it is, and for the forge only; it is in no environment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'https-git-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const token = String.raw`-n\nit's$HOME"x\c`;
  const file = join(folder, "the bot's token");
  await writeFile(file, `${token}\n`);
  const url = 'https://git.example.org';
  const environment = httpsGitEnvironment({ url, user: "o'bot", token: file });
  const ask = (host: string): string =>
    execFileSync('git', ['credential', 'fill'], {
      input: `protocol=https\nhost=${host}\n\n`,
      env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...environment },
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  expect(ask('git.example.org').split('\n')).toEqual(
    expect.arrayContaining(["username=o'bot", `password=${token}`]),
  );
  expect(() => ask('elsewhere.example.org')).toThrow(
    /could not read Username|terminal prompts disabled|Command failed/,
  );
  expect(JSON.stringify(environment)).not.toContain(token.slice(0, 4));
});
