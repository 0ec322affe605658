import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { describe, expect, it, onTestFinished } from 'vitest';

import { type NixEvent, runNix } from '../../src/nix/run-nix.ts';

/** A fixture in the place of nix: it logs what it is told. */
async function play(
  lines: readonly string[],
  exitCode: number,
  onEvent?: (event: NixEvent) => void,
): Promise<string> {
  await using host = localHost();
  const folder = await mkdtemp(join(tmpdir(), 'run-nix-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  await writeFile(join(folder, 'log'), lines.map((line) => `${line}\n`).join(''));
  const argv = [
    'sh',
    '-c',
    'cat "$1" >&2; echo the output; exit "$2"',
    'nix',
    join(folder, 'log'),
    String(exitCode),
  ];
  return await runNix(host, argv, { step: 'build', onEvent });
}

const start =
  '@nix {"action":"start","id":9,"type":105,"level":3,"text":"","fields":["/nix/store/00000000000000000000000000000000-thing-1.0.drv"]}';
const log = (text: string): string =>
  `@nix {"action":"result","id":9,"type":101,"fields":[${JSON.stringify(text)}]}`;

describe('runNix', () => {
  it('returns what was written on stdout', async () => {
    expect(await play([start, log('compiling')], 0)).toBe('the output\n');
  });

  it('names the derivation that failed, with its own last lines', async () => {
    const message =
      "builder for '/nix/store/00000000000000000000000000000000-thing-1.0.drv' failed with exit code 100";
    const lines = [
      start,
      log('compiling'),
      'a raw line',
      log('the reason'),
      `@nix ${JSON.stringify({ action: 'msg', level: 0, msg: message })}`,
    ];
    await expect(play(lines, 100)).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      step: 'build',
      exitCode: 100,
      derivation: 'thing-1.0.drv',
      lastLines: ['compiling', 'the reason'],
    });
  });

  it('passes on dense progress at a bounded rate, and the last word always', async () => {
    const count = 2000;
    const steps = Array.from(
      { length: count },
      (_, i) => `@nix {"action":"result","id":1,"type":105,"fields":[${i + 1},${count},0,0]}`,
    );
    const begin = '@nix {"action":"start","id":1,"type":104,"level":3,"text":"","fields":[]}';
    const seen: NixEvent[] = [];
    const began = performance.now();
    await play([begin, ...steps], 0, (event) => seen.push(event));
    const progress = seen.filter((event) => event.type === 'progress');
    expect(progress.length).toBeLessThanOrEqual(2 + (performance.now() - began) / 100);
    expect(progress.at(-1)).toMatchObject({ progress: { builds: { done: count, expected: count } } });
  });
});
