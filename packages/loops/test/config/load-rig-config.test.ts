import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rigFileJsonSchema } from '../../src/config/json-schema.ts';
import { loadRigConfig, parseRigConfig } from '../../src/config/load-rig-config.ts';

const one = { command: ['sleep', '1'] };
const parse = (file: object) =>
  parseRigConfig(JSON.stringify({ rig: 'r', workspace: '/w', loops: { one }, ...file }), '/w/loops.yaml');

const example = join(import.meta.dirname, '../../../../examples/loops/loops.yaml');

describe('loops.yaml', () => {
  it('may begin as the example does', async () => {
    const { loops } = await loadRigConfig(example);
    expect(loops.map(({ name, role }) => [name, role])).toEqual([
      ['builder', 'claimer'],
      ['adversary', 'reviewer'],
    ]);
  });

  it('has its paths made absolute, and its durations and sizes turned into numbers', () => {
    const config = parse({
      memoryFloor: '200MiB',
      stagger: '1.5s',
      phases: { plans: ['plans/a.md', '/b.md'], mirror: '.phase-idx' },
      loops: { one: { command: ['bin/agent', '-x'], clone: 'clone', stall: { after: '20m' } } },
    });
    expect(config).toMatchObject({
      stateDir: '/w/.loops',
      runtimeDir: '/w/.loops/run',
      memoryFloor: 200 * 2 ** 20,
      stagger: 1500,
      phases: { plans: ['/w/plans/a.md', '/b.md'], mirror: '/w/.phase-idx' },
      loops: [{ name: 'one', command: ['/w/bin/agent', '-x'], cwd: '/w/clone', stall: { after: 1_200_000 } }],
    });
  });

  it.each([
    ['a name that tmux would rewrite', { loops: { 'a.b': one } }, 'lower-case letters'],
    ['no loop', { loops: {} }, 'at least one loop'],
    ['an unknown key', { lops: {} }, 'lops'],
    ['a duration without a unit', { stagger: '5' }, 'stagger: a duration'],
    ['a size in another unit', { memoryFloor: '800M' }, 'memoryFloor: a size is a number with KiB, MiB'],
    ['a wait that no timer can do', { stagger: '60d' }, 'stagger: at most 24d'],
    ['a pattern that is none', { limitPatterns: ['('] }, 'limitPatterns.0: not a regular expression'],
    [
      'a loop after one that is not there',
      { loops: { one: { ...one, after: ['two'] } } },
      'there is no loop two',
    ],
    [
      'a circle',
      { loops: { one: { ...one, after: ['two'] }, two: { ...one, after: ['one'] } } },
      'wait for itself',
    ],
    ['a socket path that is too long', { runtimeDir: `/${'x'.repeat(120)}` }, 'too long for a socket'],
  ])('is refused with %s', (_, file, message) => {
    expect(() => parse(file)).toThrow(message);
  });

  it('tells every mistake, each with its line and column', () => {
    const text = 'rig: r\nworkspace: /w\nloops:\n  one:\n    command: []\n    restart: { polcy: always }\n';
    expect(() => parseRigConfig(text, 'loops.yaml')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        mistakes: [
          expect.stringMatching(/^loops\.yaml:5:5: loops\.one\.command: /),
          expect.stringMatching(/^loops\.yaml:6:16: loops\.one\.restart\.polcy: there is no such key/),
        ],
      }),
    );
  });

  it('has a JSON Schema that is current', async () => {
    const path = fileURLToPath(new URL('../../schema/loops.schema.json', import.meta.url));
    if (process.env['UPDATE_SCHEMA'] === '1')
      await writeFile(path, `${JSON.stringify(rigFileJsonSchema(), undefined, 2)}\n`);
    const published: unknown = JSON.parse(await readFile(path, 'utf8'));
    expect(published, 'run this test with UPDATE_SCHEMA=1').toEqual(rigFileJsonSchema());
  });
});

describe('a loop of Claude Code', () => {
  it.each([
    [{ command: ['claude', '--resume', 'x'] }, 'loops.one.command.1', 'remove --resume'],
    [{ command: ['claude', '--settings=x'] }, 'loops.one.command.1', 'remove --settings=x'],
    [{ command: ['claude'], resume: ['claude'] }, 'loops.one.resume', 'remove resume'],
    [{ command: ['claude'], ready: { output: 'x' } }, 'loops.one.ready', 'remove ready'],
  ])('leaves sessions, settings and readiness to its adapter: %j', (loop, key, fix) => {
    const load = () => parse({ loops: { one: { agent: 'claude-code', ...loop } } });
    expect(load).toThrow(key);
    expect(load).toThrow(fix);
  });

  it('alone has a budget and a context that is handed over', () => {
    expect(() => parse({ loops: { one: { ...one, budget: { tokensPerDay: 5 } } } })).toThrow('remove budget');
    const given = { loops: { one: { ...one, contextHandoff: { at: 5 } } } };
    expect(() => parse(given)).toThrow('remove contextHandoff');
    expect(parse({ loops: { one } }).loops[0]?.contextHandoff).toBeUndefined();
    const claude = (more: object) =>
      parse({ loops: { one: { agent: 'claude-code', command: ['claude'], ...more } } }).loops[0];
    expect(claude({})?.contextHandoff?.note).toMatch(/\/agents\/one\/handoff\.md$/);
    expect(claude({ contextHandoff: false })?.contextHandoff).toBeUndefined();
  });
});
