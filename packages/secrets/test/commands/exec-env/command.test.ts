import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKeyPair } from '../../../src/age.ts';
import { encryptFile } from '../../../src/sops.ts';
import { secretsCommand } from '../../secrets-command.ts';
import { temporaryDirectory } from '../../temporary.ts';

const secrets = secretsCommand();
const { identity, recipient } = generateKeyPair();

test('a signal that comes while the command is being started is handed on to it', async () => {
  const directory = await temporaryDirectory();
  const [file, slow, started] = ['a.yaml', 'slow.cjs', 'started'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(file, await encryptFile('a: one\n', { file, recipients: [recipient] }));
  // A machine that is busy: the command runs before the call that started it has returned.
  await writeFile(
    slow,
    `const processes = require('child_process'), { existsSync } = require('fs'), { spawn } = processes;
     processes.spawn = (...args) => {
       const child = spawn(...args);
       for (const until = Date.now() + 5000; !existsSync('${started}') && Date.now() < until; );
       return child;
     }`,
  );
  const env = { PATH: process.env['PATH'], SOPS_AGE_KEY: identity, NODE_OPTIONS: `-r ${slow}` };
  const command = `trap 'kill $!; echo told; exit 7' TERM; kill -TERM $PPID; sleep 20 & echo > ${started}; wait`;
  const args = ['exec-env', file, '--', 'env', 'NODE_OPTIONS=', 'sh', '-c', command];
  const done = await secrets.run(args, { env });
  expect(done).toMatchObject({ code: 7, stderr: '', stdout: 'told\n' });
});
