import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { claudeVersions } from '@cutover/test-support/claude/claude-binary';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { tmuxSocket } from '../../../src/config/rig-places.ts';
import type { RigStatus } from '../../../src/control/status.ts';
import { readRigStatus } from '../../../src/rig/read-rig-status.ts';
import { until } from '../../rig.ts';
import { claudeOr, type ClaudeRig, makeClaudeRig } from './claude-rig.ts';
import { startCommand } from './rig-command.ts';

/** How long a rig of four works at a pace of seconds in place of hours. */
const minutes = Number(process.env['CUTOVER_ENDURANCE_MINUTES'] ?? 120);
const patience = 300_000;
const host = localHost();
const names = ['a', 'b', 'c', 'd'];
const logCap = 256 * 1024;
/** Each so many rounds an agent is killed, and another one's context is full. */
const killEvery = 5;
const fullEvery = 7;
/** What the stand-in of the API says that an answer has used. */
const used = { input: 100, cacheWrite: 10, output: 7 };

const eventsSchema = z.array(
  z.object({ type: z.string(), run: z.string().optional(), id: z.string().optional() }),
);

interface Sample {
  readonly rssMB: number;
  readonly files: number;
  readonly logBytes: number;
}

const program = process.env['CUTOVER_SOAK'] === undefined ? '' : ((await claudeOr(claudeVersions[0])) ?? '');

describe.skipIf(program === '')(`a rig of four Claude Code sessions for ${minutes} minutes`, () => {
  it(
    'takes no more memory, files and log than in its beginning, and counts what the API counts',
    async () => {
      await using rig = await makeClaudeRig(
        program,
        Object.fromEntries(
          names.map((name) => [
            name,
            {
              prompt: { file: 'prompt.md' },
              goOn: 'Go on.\n@say going on',
              logCap: '256KiB',
              restart: { initialDelay: '1ms', resetAfter: '1ms' },
              contextHandoff: { ask: 'Write {note}.\n@run echo next >{note}\n@say written' },
            },
          ]),
        ),
      );
      await writeFile(join(rig.directory, 'prompt.md'), 'Begin.\n@say begun');
      await using command = await startCommand(rig);
      await command.untilIdle();
      const samples: Sample[] = [];
      const end = performance.now() + minutes * 60_000;
      for (let round = 1; performance.now() < end; round += 1) {
        try {
          await work(rig, command, round);
        } catch (error) {
          throw new Error(`round ${round}, after:\n${await whatWas(rig, command)}`, { cause: error });
        }
        samples.push(await sample(rig.config.stateDir, command.pid()));
      }

      await untilCounted(rig);
      const early = medians(samples.slice(Math.floor(samples.length * 0.2), Math.ceil(samples.length * 0.4)));
      const late = medians(samples.slice(Math.floor(samples.length * 0.8)));
      console.info(`${samples.length} rounds in ${minutes} minutes`, JSON.stringify({ early, late }));
      expect(late.rssMB).toBeLessThan(early.rssMB * 1.25 + 10);
      expect(late.files).toBeLessThanOrEqual(early.files + 3);
      // Each log has room for a rotation that is under way.
      for (const { logBytes } of samples) expect(logBytes).toBeLessThan(names.length * logCap * 1.5);
    },
    minutes * 60_000 + 1_200_000,
  );
});

type Command = Awaited<ReturnType<typeof startCommand>>;

async function sample(stateDir: string, pid: number): Promise<Sample> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const logs = (await readdir(join(stateDir, 'logs'))).filter((name) => name.includes('.log'));
  const sizes = await Promise.all(logs.map(async (name) => (await stat(join(stateDir, 'logs', name))).size));
  return {
    rssMB: Number(/^Rss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) / 1024,
    files: (await readdir(`/proc/${pid}/fd`)).length,
    logBytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** For a person who looks at a failure: the last that was told, and the screens. */
async function whatWas(rig: ClaudeRig, command: Command): Promise<string> {
  const history = await command.run('history');
  const screens = names.map(async (name) => {
    const argv = ['tmux', '-S', tmuxSocket(rig.config), 'capture-pane', '-p', '-t', name];
    const { stdout } = await host.run(argv, { reject: false });
    return `${name}:\n${stdout.trimEnd()}`;
  });
  return [history.stdout.slice(-4000), ...(await Promise.all(screens))].join('\n');
}

/** One round of work for all, and what comes with it now and then. */
async function work(rig: ClaudeRig, command: Command, round: number): Promise<void> {
  const full = round % fullEvery === 0 ? names[(round / fullEvery) % names.length] : undefined;
  const before = full === undefined ? undefined : await sessionOf(command, full);
  await Promise.all(
    names.map((name) => {
      const text = `Round ${round}.\n@run seq 300\n@run true\n@say ok`;
      return command.run('prompt', name, name === full ? `${text}\n@use 160000` : text);
    }),
  );
  if (full !== undefined) await handedOver(command, full, before);
  await command.untilIdle();
  // A session that ends takes what is not in its transcript yet with it, so each difference is seen in its own round.
  if (full !== undefined) await untilCounted(rig);
  if (round % killEvery === 0) await killOne(rig, command, names[(round / killEvery) % names.length] ?? '');
}

/** Only when all that the API has counted is in its transcript: the rest would be lost with it. */
async function killOne(rig: ClaudeRig, command: Command, name: string): Promise<void> {
  await untilCounted(rig);
  const before = (await command.status()).loops.find((loop) => loop.name === name);
  if (before?.pid !== undefined) process.kill(before.pid, 'SIGKILL');
  await until(
    async () => (await command.status()).loops.find((loop) => loop.name === name),
    (loop) => loop?.restarts === (before?.restarts ?? 0) + 1 && loop.ready,
    patience,
  );
  await untilTold(command, name);
  await command.untilIdle();
}

async function handedOver(command: Command, name: string, before: string | undefined): Promise<void> {
  await until(
    () => sessionOf(command, name),
    (now) => now !== undefined && now !== before,
    patience,
  );
  await untilTold(command, name);
}

/** Until it has taken what its start tells it: a prompt before that would join the same turn. */
async function untilTold(command: Command, name: string): Promise<void> {
  await until(
    async () => {
      const words = ['history', '--json', '--loop', name, '--event', 'started', 'prompted', '--last', '10'];
      const { stdout } = await command.run(...words);
      const events = eventsSchema.parse(JSON.parse(stdout));
      const run = events.findLast(({ type }) => type === 'started')?.run;
      return events.some(({ type, id }) => type === 'prompted' && id === `start-${run}`);
    },
    (isTold) => isTold,
    patience,
  );
}

async function sessionOf(command: Command, name: string): Promise<string | undefined> {
  return (await command.status()).loops.find((loop) => loop.name === name)?.session;
}

/** Until the rig has counted what the API has. */
async function untilCounted(rig: ClaudeRig): Promise<void> {
  await until(
    async () => ({
      counted: countedBy(await readRigStatus(rig.config)),
      asked: (await rig.lab.requests()).filter(({ mode, retry }) => mode === 'good' && retry === 0).length,
    }),
    ({ counted, asked }) =>
      counted.input === asked * used.input &&
      counted.cacheWrite === asked * used.cacheWrite &&
      counted.output === asked * used.output,
    60_000,
  );
}

function countedBy({ loops }: RigStatus): { input: number; cacheWrite: number; output: number } {
  const sum = (part: 'input' | 'cacheWrite' | 'output'): number =>
    loops.reduce((total, { agent }) => total + (agent?.usage?.[part] ?? 0), 0);
  return { input: sum('input'), cacheWrite: sum('cacheWrite'), output: sum('output') };
}

function medians(samples: readonly Sample[]): Sample {
  const median = (part: keyof Sample): number =>
    samples.map((one) => one[part]).toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
  return { rssMB: median('rssMB'), files: median('files'), logBytes: median('logBytes') };
}
