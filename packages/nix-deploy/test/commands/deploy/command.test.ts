import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { runCommand } from '@cutover/foundation/run-command';
import { expect, it, onTestFinished, vi } from 'vitest';

import { createProgram } from '../../../src/commands/program.ts';
import { deployExitCode } from '../../../src/exit-codes.ts';

/** Deploys with a config file whose canary is `web1`, and whose `web2` cannot be logged in to. */
async function deploy(...argv: readonly string[]): Promise<{ code: number; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'nix-deploy-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const config = join(folder, 'nix-deploy.yaml');
  await writeFile(join(folder, 'key'), 'no key\n');
  await writeFile(
    config,
    'targets: { web1: {}, web2: { ssh: { host: 127.0.0.1, port: 1, privateKey: key } } }\nfleet: { canaries: [web1] }\n',
  );
  const progress = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const io = { stdout: new PassThrough(), stderr: new PassThrough() };
  try {
    const all = ['deploy', '-c', config, ...argv];
    const code = await runCommand(createProgram(), { argv: all, io, exitCodeOf: deployExitCode });
    return { code, stderr: String(io.stderr.read()) };
  } finally {
    process.exitCode = undefined;
    progress.mockRestore();
  }
}

it('of one target does not ask for the canaries of the config file', async () => {
  const { code, stderr } = await deploy('web2');
  expect(stderr).toMatch(/key cannot be used as private key/);
  expect(code).toBe(1);
});

it('asks for a canary that the command line names', async () => {
  const { code, stderr } = await deploy('web2', '--canary', 'web1');
  expect(stderr).toContain('the canary web1 is not one of the targets');
  expect(code).toBe(2);
});
