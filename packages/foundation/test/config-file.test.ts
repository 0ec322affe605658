import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { mistakeLines, parseConfig, readConfigFile } from '../src/config-file.ts';
import { duration, size } from '../src/config-values.ts';

const schema = z.strictObject({
  name: z.string(),
  every: duration.optional(),
  loops: z
    .record(
      z.string().regex(/^[a-z-]+$/, 'a name is lower case'),
      z.strictObject({ memory: size.optional() }),
    )
    .default({}),
  hosts: z.array(z.strictObject({ port: z.int() })).default([]),
  build: z.union([z.literal('here'), z.strictObject({ host: z.string(), port: z.int() })]).optional(),
});

function mistakesOf(text: string): string[] {
  const reading = parseConfig(text, schema);
  return reading.ok ? [] : mistakeLines('rig.yaml', reading.mistakes);
}

test('a file that fits is parsed, with the places of its keys for later checks', () => {
  const reading = parseConfig('name: pi\nevery: 1.5m\nloops:\n  builder:\n    memory: 2GiB\n', schema);
  if (!reading.ok) throw new Error('it does not fit');
  expect(reading.value).toEqual({
    name: 'pi',
    every: 90_000,
    loops: { builder: { memory: 2 ** 31 } },
    hosts: [],
  });
  expect(reading.placeOf(['loops', 'builder', 'clone'], 'is missing')).toEqual({
    key: 'loops.builder.clone',
    message: 'is missing',
    line: 4,
    column: 3,
  });
});

test('all mistakes are told at once, each with its line and column and what would be right', () => {
  const text =
    'every: 60\nnmae: pi\nloops:\n  builder: { memory: 2G }\n  Bad: {}\nhosts:\n  - port: 22\n  - port: x\n';
  expect(mistakesOf(text)).toEqual([
    'rig.yaml:1:1: name: is missing: it must be a text',
    'rig.yaml:1:1: every: a duration is a number with ms, s, m, h or d, e.g. 60s',
    'rig.yaml:4:14: loops.builder.memory: a size is a number with KiB, MiB, GiB or TiB, e.g. 2GiB',
    'rig.yaml:5:3: loops.Bad: a name is lower case',
    'rig.yaml:8:5: hosts.1.port: must be a number',
    'rig.yaml:2:1: nmae: there is no such key',
  ]);
});

test('of a union, the alternative that fits best says what is wrong', () => {
  expect(mistakesOf('name: pi\nbuild:\n  host: a\n')).toEqual([
    'rig.yaml:2:1: build.port: is missing: it must be a number',
  ]);
  expect(mistakesOf('name: pi\nbuild: 5\n')).toEqual([
    'rig.yaml:2:1: build: must be "here", or must be a map of keys and values',
  ]);
});

test('a bound or a form that the schema has no words for is told in plain ones, and its own words are kept', () => {
  const bounds = z.strictObject({
    list: z.array(z.string()).min(1),
    text: z.string().min(1),
    short: z.string().max(3),
    port: z.int().min(1).max(65_535),
    share: z.number().positive(),
    url: z.url(),
    code: z.string().regex(/^[a-z]+$/),
    named: z.array(z.string()).min(2, 'needs both ends'),
  });
  const text = 'list: []\ntext: ""\nshort: long\nport: 70000\nshare: 0\nurl: host\ncode: A\nnamed: [one]\n';
  const reading = parseConfig(text, bounds);
  expect(reading.ok ? [] : reading.mistakes.map(({ key, message }) => `${key}: ${message}`)).toEqual([
    'list: must have at least 1 entry',
    'text: must have at least 1 character',
    'short: must have at most 3 characters',
    'port: must be at most 65535',
    'share: must be more than 0',
    'url: must be a URL, e.g. https://host.example.org',
    'code: must match /^[a-z]+$/',
    'named: needs both ends',
  ]);
});

test('what is not YAML is told with its place, and an empty file lacks all its keys', () => {
  expect(mistakesOf('name: "pi\n')).toEqual([expect.stringMatching(/^rig\.yaml:\d+:\d+: not YAML: /)]);
  expect(mistakesOf('')).toEqual(['rig.yaml:1:1: name: is missing: it must be a text']);
});

test('a file that is not there, or is a directory, says what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const absent = await readConfigFile(join(folder, 'rig.yaml'), schema);
  expect(absent).toEqual({
    ok: false,
    mistakes: [{ key: '', message: 'there is no such file; name it with --config' }],
  });
  expect(await readConfigFile(folder, schema)).toMatchObject({
    mistakes: [{ message: expect.stringContaining('it is a directory') }],
  });
  await writeFile(join(folder, 'rig.yaml'), 'name: pi\n');
  expect(await readConfigFile(join(folder, 'rig.yaml'), schema)).toMatchObject({
    ok: true,
    value: { name: 'pi' },
  });
});

test('a merge key merges only where it is asked for', () => {
  const text = 'base: &b { a: 1, b: 2 }\nmore: { <<: *b, b: 3 }\n';
  const any = z.record(z.string(), z.record(z.string(), z.unknown()));
  expect(parseConfig(text, any, { merge: true })).toMatchObject({ value: { more: { a: 1, b: 3 } } });
  expect(parseConfig(text, any)).toMatchObject({ value: { more: { '<<': { a: 1, b: 2 }, b: 3 } } });
});
