import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runbookCommand } from '../../src/commands/program.ts';
import type { Setup } from '../../src/commands/setup.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'init-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const setup: Setup = {
  description: 'make the files',
  questions: [
    { flag: 'old-host', text: 'Where is it?' },
    { flag: 'name', text: 'What is it called?' },
    { flag: 'note', text: 'Anything else?', several: true, optional: true },
  ],
  beside: ['more.yaml'],
  start: async () => ({
    suggest: async (flag, answers) =>
      flag === 'name' ? (answers.get('old-host') ?? []).map((one) => `new-${one}`) : [],
    files: async (answers) => ({
      texts: { 'toy.yaml': JSON.stringify(Object.fromEntries(answers)), 'more.yaml': 'more\n' },
      todo: ['look'],
    }),
    [Symbol.asyncDispose]: async () => {},
  }),
};

async function init(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const command = {
    name: 'toy',
    description: 'a toy',
    setup,
    load: async () => Promise.reject(new Error('not loaded')),
  };
  const code = await runbookCommand(command, {
    argv: ['init', '--config', join(folder, 'toy.yaml'), ...argv],
    io: { stdout, stderr },
    interactive: false,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Sink extends Writable {
  text = '';
  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

test('writes the files from flags, and from what is suggested where a flag is missing', async () => {
  const { code, stdout } = await init('--old-host', 'pi', '--note', 'a, b', '--note', 'c');
  expect(code).toBe(0);
  expect(stdout).toContain(join(folder, 'more.yaml'));
  expect(stdout).toMatch(/Left to you:\n {2}- look\n\nlook at everything: toy doctor --config /);
  expect(JSON.parse(await readFile(join(folder, 'toy.yaml'), 'utf8'))).toEqual({
    'old-host': ['pi'],
    name: ['new-pi'],
    note: ['a, b', 'c'],
  });
});

test('prints one document with --json', async () => {
  const { stdout } = await init('--old-host', 'pi', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    files: [join(folder, 'toy.yaml'), join(folder, 'more.yaml')],
    todo: ['look'],
  });
});

test('names every answer that is missing, and writes nothing', async () => {
  const { code, stderr } = await init('--note', 'x');
  expect(code).toBe(2);
  expect(stderr).toMatch(/--old-host: Where is it\?\n {2}--name: What is it called\?/);
  await expect(readFile(join(folder, 'more.yaml'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each(['toy.yaml', 'more.yaml'])('overwrites nothing where %s is there', async (name) => {
  await writeFile(join(folder, name), 'mine');
  const { code, stderr } = await init('--old-host', 'pi');
  expect(code).toBe(2);
  expect(stderr).toContain(join(folder, name));
  expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
  const other = name === 'toy.yaml' ? 'more.yaml' : 'toy.yaml';
  await expect(readFile(join(folder, other))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a config file of another name is the config file; one of the others cannot be it', async () => {
  const { code } = await init('--old-host', 'pi', '--config', join(folder, 'second.yaml'));
  expect(code).toBe(0);
  expect(await readFile(join(folder, 'second.yaml'), 'utf8')).toContain('new-pi');
  const { code: refused, stderr } = await init(
    '--old-host',
    'pi',
    '--config',
    join(folder, 'x', 'more.yaml'),
  );
  expect([refused, stderr]).toEqual([2, expect.stringContaining('more.yaml is another file')]);
});
