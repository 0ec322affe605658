import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { runCommand } from '@cutover/foundation/run-command';
import { expect, it, onTestFinished, vi } from 'vitest';

import { createProgram } from '../../../src/commands/program.ts';

let onWrite: (text: string) => void = () => undefined;

async function exec(...argv: readonly string[]): Promise<{ code: number; written: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'nix-deploy-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const config = join(folder, 'nix-deploy.yaml');
  await writeFile(config, 'targets: { one: { tags: [a] }, two: { tags: [a] }, three: {} }\n');
  let written = '';
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk: string | Uint8Array) => {
      written += String(chunk);
      onWrite(String(chunk));
      return true;
    }),
  );
  const io = { stdout: new PassThrough(), stderr: new PassThrough() };
  try {
    const code = await runCommand(createProgram(), { argv: ['exec', '-c', config, ...argv], io });
    return { code, written };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}

it('runs a command on each of the targets, and names the target of each line', async () => {
  const { code, written } = await exec('--on', '@a', '--', 'printf', 'a\\nb --on x\\n');
  expect(code).toBe(0);
  expect(written.split('\n').sort().join('\n').trim()).toBe('one: a\none: b --on x\ntwo: a\ntwo: b --on x');
});

it.each([[[]], [['--json']]])(
  'shows a line when it comes, not when the command has ended %j',
  async (flags) => {
    const folder = await mkdtemp(join(tmpdir(), 'exec-'));
    const gate = join(folder, 'gate');
    onWrite = (text) => void (text.includes('early') && writeFileSync(gate, ''));
    onTestFinished(async () => {
      onWrite = () => undefined;
      await rm(folder, { recursive: true });
    });
    const waits = `echo early; for i in $(seq 100); do [ ! -e ${gate} ] || { printf late; exit; }; sleep 0.02; done; exit 9`;
    const { code, written } = await exec('--on', 'three', ...flags, '--', 'sh', '-c', waits);
    expect(written).toMatch(/early[^]*late/);
    expect(code).toBe(0);
  },
);

it('ends with 1 where the command failed on one of them', async () => {
  const { code, written } = await exec('--on', 'three', '--json', '--', 'sh', '-c', 'echo no >&2; exit 3');
  expect(code).toBe(1);
  expect(
    written
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toEqual([
    { target: 'three', type: 'output', stream: 'stderr', line: 'no' },
    { target: 'three', type: 'ended', exitCode: 3 },
  ]);
});

it('refuses a target where the command belongs, which would be run on all of them', async () => {
  const { code, written } = await exec('one', '--', 'echo', 'never');
  expect(code).toBe(2);
  expect(written).toBe('');
});

it('runs a command that bears the name of a target where --on says on which', async () => {
  const { code, written } = await exec('--on', '*', '--json', '--', 'one');
  expect(code).toBe(1);
  expect(written.match(/"type":"ended"/g)).toHaveLength(3);
});
