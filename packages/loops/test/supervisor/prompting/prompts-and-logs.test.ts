import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRig, until, untilRunning } from '../../rig.ts';
import { soak } from '../../soak.ts';

/** An agent that takes what is typed, up to Enter, and says what it got by its length and hash. */
const taker = `
import { appendFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
process.stdin.setRawMode(true);
let got = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  got = Buffer.concat([got, chunk]);
  for (let at = got.indexOf(13); at !== -1; at = got.indexOf(13)) {
    const text = got.subarray(0, at);
    got = got.subarray(at + 1);
    appendFileSync('taken', text.length + ' ' + createHash('sha256').update(text).digest('hex') + '\\n');
  }
});
console.log('ready to take');
`;

describe('a prompt', () => {
  it(`arrives byte for byte, once, whatever it holds (${soak(1000, 8)} of them)`, async () => {
    await using rig = await makeRig({
      loops: { one: { command: [process.execPath, 'taker.mjs'], ready: { output: 'ready to take' } } },
    });
    await writeFile(join(rig.directory, 'taker.mjs'), taker);
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.ready === true,
    );
    const texts = [
      ';',
      '-',
      '-x; kill-server \\;',
      'a\nb\n',
      '#{pane_id} %H $HOME `x`',
      'ñ→🦊',
      ...fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 500 }), soak(983, 1)),
      ...fc.sample(fc.string({ unit: 'binary', minLength: 1000, maxLength: 200_000 }), soak(10, 0)),
      'x'.repeat(200 * 1024),
    ].map((text) => text.replaceAll(/[\r\0]/g, ' '));
    const expected: string[] = [];
    for (const [index, text] of texts.entries()) {
      const bytes = Buffer.from(text);
      expected.push(`${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`);
      expect(await supervisor.prompt('one', bytes, `id-${index}`)).toBe(true);
      expect(await supervisor.prompt('one', bytes, `id-${index}`)).toBe(false);
      const taken = await until(
        () => readFile(join(rig.directory, 'taken'), 'utf8').catch(() => ''),
        (lines) => lines.split('\n').length > expected.length,
      );
      // Whole lines only: the file is there before its first line is.
      expect(taken.split('\n')).toEqual([...expected, '']);
    }
  }, 1_200_000);

  it('of the same id that many give at once is typed once, and others never run into each other', async () => {
    await using rig = await makeRig({
      loops: { one: { command: [process.execPath, 'taker.mjs'], ready: { output: 'ready to take' } } },
    });
    await writeFile(join(rig.directory, 'taker.mjs'), taker);
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.ready === true,
    );
    const texts = ['first', 'second', 'second', 'second'].map((text) => Buffer.from(text));
    const delivered = await Promise.all(texts.map((text) => supervisor.prompt('one', text, text.toString())));
    expect(delivered).toEqual([true, true, false, false]);
    const taken = await until(
      () => readFile(join(rig.directory, 'taken'), 'utf8').catch(() => ''),
      (text) => text.split('\n').length > 2,
    );
    expect(taken.split('\n').map((line) => Number(line.split(' ')[0]))).toEqual([5, 6, 0]);
  });

  it('is refused by a dead agent, and while a menu is open', async () => {
    await using rig = await makeRig({
      loops: {
        dead: { command: ['true'], restart: { policy: 'never' } },
        menu: {
          command: ['sh', '-c', 'echo "Do you trust this folder? 1. Yes 2. No"; exec cat'],
          menu: ['1\\. Yes'],
          ready: { output: '2. No' },
        },
      },
    });
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops }) => loops[0]?.state === 'exited' && loops[1]?.ready === true,
    );
    await expect(supervisor.prompt('dead', Buffer.from('x'), 'a')).rejects.toMatchObject({
      code: 'PROMPT_REFUSED',
    });
    await expect(supervisor.prompt('menu', Buffer.from('x'), 'b')).rejects.toMatchObject({
      code: 'PROMPT_REFUSED',
    });
    await expect(supervisor.prompt('none', Buffer.from('x'), 'c')).rejects.toMatchObject({
      code: 'LOOP_UNKNOWN',
    });
  });

  it('of the config is typed when the agent is ready, and not again when its session is resumed', async () => {
    await using rig = await makeRig({
      loops: {
        one: {
          command: ['sh', '-c', 'echo fresh {session}; exec cat > taken-fresh'],
          resume: ['sh', '-c', 'echo resumed {session}; exec cat > taken-resumed'],
          prompt: { file: 'prompt.md' },
        },
        later: { command: ['cat'], prompt: { file: 'prompt.md' }, autostart: false },
      },
    });
    await writeFile(join(rig.directory, 'prompt.md'), 'work; please');
    const supervisor = await rig.supervise();
    await until(
      () => readFile(join(rig.directory, 'taken-fresh'), 'utf8').catch(() => ''),
      (text) => text === 'work; please\n',
    );
    const session = supervisor.status().loops[0]?.session ?? '';
    await supervisor.restart(['one']);
    const log = await until(
      () => readFile(join(rig.config.logDir, 'one.log'), 'utf8').catch(() => ''),
      // Each run has a logger of its own.
      (text) => text.includes(`fresh ${session}`) && text.includes(`resumed ${session}`),
    );
    expect(log).toContain(`fresh ${session}`);
    expect(log).toContain(`resumed ${session}`);
    // A second one would be typed before that of an agent that starts only now.
    await supervisor.want(['later']);
    const prompted = (): string[] => rig.events.flatMap((one) => (one.type === 'prompted' ? [one.loop] : []));
    await until(prompted, (loops) => loops.includes('later'));
    expect(prompted()).toEqual(['one', 'later']);
    expect(await readFile(join(rig.directory, 'taken-resumed'), 'utf8').catch(() => '')).toBe('');
  });
});

describe('the log of a loop', () => {
  it(`misses no byte of ${soak(1000, 30)} agents that exit at once`, async () => {
    const count = soak(1000, 30);
    const names = Array.from({ length: count }, (_, index) => `loop-${index}`);
    // Where a machine is starved, the kernel has not handed everything to tmux yet when tmux hears of an end.
    const script = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "line $i of $LOOPS_LOOP"; done';
    const command = ['sh', '-c', process.env['CUTOVER_SOAK'] ? script : `${script}; sleep 0.5`];
    await using rig = await makeRig({
      loops: Object.fromEntries(names.map((name) => [name, { command, restart: { policy: 'never' } }])),
    });
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops }) => loops.every(({ state }) => state === 'exited'),
      300_000,
    );
    const lines = (name: string): string =>
      Array.from({ length: 40 }, (_, index) => `line ${index + 1} of ${name}\r\n`).join('');
    for (const name of names) {
      const text = await until(
        () => readFile(join(rig.config.logDir, `${name}.log`), 'utf8').catch(() => ''),
        (seen) => seen.length >= lines(name).length,
        120_000,
      );
      expect(text).toBe(lines(name));
    }
  }, 600_000);

  it('stays within its cap, and keeps the newest bytes without a gap', async () => {
    await using rig = await makeRig({
      loops: {
        one: {
          command: ['sh', '-c', 'seq -f "%08.0f" 1 60000; sleep 0.2; echo end; exec sleep 1000'],
          restart: { policy: 'never' },
          logCap: '100KiB',
        },
      },
    });
    await untilRunning(await rig.supervise());
    const path = join(rig.config.logDir, 'one.log');
    const newest = await until(
      () => readFile(path, 'utf8').catch(() => ''),
      (text) => text.endsWith('end\r\n'),
      30_000,
    );
    const text = (await readFile(`${path}.1`, 'utf8')) + newest;
    const numbers = text.split('\r\n').slice(1, -2).map(Number);
    expect(numbers.at(-1)).toBe(60_000);
    expect(numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1)).toBe(
      true,
    );
    expect((await stat(path)).size + (await stat(`${path}.1`)).size).toBeLessThanOrEqual(100 * 1024);
  });
});
