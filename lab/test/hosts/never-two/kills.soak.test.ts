import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectOk, stageCutover, type Staged } from './staged.ts';

/** How many kills there are in all. */
const kills = Number(process.env['CUTOVER_KILLS'] ?? 100);
/** The longest time that a runner is let live, in milliseconds: about that of a whole move on a busy machine. */
const longestLife = 60_000;

let staged: Staged;
beforeAll(async () => {
  staged = await stageCutover();
}, 900_000);
afterAll(() => staged[Symbol.asyncDispose]());

it(
  `a runner that is killed at any moment of cutovers and rollbacks, ${kills} times: never two, and always to its end`,
  async () => {
    for (let killed = 0; killed < kills;) {
      for (const [argv, host] of [
        [['run', '--yes', '--until', 'cold-standby'], 'new'],
        [['rollback', '--yes'], 'old'],
      ] as const) {
        const withKill = (words: readonly string[]) =>
          staged.cutover(words, { killAfter: Math.random() * longestLife });
        let end = await withKill(argv);
        let begun = false;
        while (end.killed) {
          killed += 1;
          // A resume of one that had not begun would go on with the one before.
          begun ||= end.events.some(({ type }) => type === 'run.started');
          end = await withKill(begun ? ['resume'] : argv);
          // Its last line was written: there is nothing to resume.
          if (end.exitCode === 2) end = await staged.cutover(argv);
        }
        expectOk(end);
        expect(await staged.settled()).toBe(host);
        staged.seen();
      }
    }
  },
  kills * 2 * longestLife,
);
