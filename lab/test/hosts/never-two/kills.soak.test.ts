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
        let end = await staged.cutover(argv, { killAfter: Math.random() * longestLife });
        while (end.killed) {
          killed += 1;
          // One that had not begun, or whose last line was written, has nothing to resume.
          const again = await staged.cutover(['resume'], { killAfter: Math.random() * longestLife });
          end = again.exitCode === 2 ? await staged.cutover(argv) : again;
        }
        expectOk(end);
        expect(await staged.settled()).toBe(host);
        staged.seen();
      }
    }
  },
  kills * 2 * longestLife,
);
