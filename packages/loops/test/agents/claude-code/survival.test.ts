import { mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { claudeVersions } from '@cutover/test-support/claude/claude-binary';
import type { ApiRequest } from '@cutover/test-support/claude/claude-lab';
import { describe, expect, it } from 'vitest';
import { writeFirstRun } from '../../../src/agents/claude-code/first-run.ts';
import { tmuxSocket } from '../../../src/config/rig-places.ts';
import { quiesceRig } from '../../../src/rig/quiesce-rig.ts';
import { isAlive } from '../../../src/processes/reap-runs.ts';
import { makeGitFixture } from '../../git-fixture.ts';
import { pidOf, until } from '../../rig.ts';
import { claudeOr, type ClaudeRig, makeClaudeRig } from './claude-rig.ts';
import { startCommand } from './rig-command.ts';

const patience = 180_000;
const host = localHost();
const goOn = 'Go on.\n@say going on';
const isSoak = process.env['CUTOVER_SOAK'] !== undefined;

const keys = async (rig: ClaudeRig, name: string, ...words: string[]): Promise<void> => {
  await host.run(['tmux', '-S', tmuxSocket(rig.config), 'send-keys', '-t', name, ...words]);
  await delay(500);
};
const prompted = (rig: ClaudeRig) => rig.events.filter(({ type }) => type === 'prompted');
/** Whether a turn has come to its end: its last request came after so many tools. */
const endOf = (requests: readonly ApiRequest[], start: string, answered: number): boolean =>
  requests.some((one) => one.start.includes(start) && one.answered === answered);

for (const version of claudeVersions) {
  const program = isSoak ? ((await claudeOr(version)) ?? '') : '';

  describe.skipIf(program === '')(`Claude Code ${version} comes back`, () => {
    it('in its session, told to go on once, after a kill in a tool call, the end of the tmux server, /exit, and /clear then a kill', async () => {
      await using rig = await makeClaudeRig(program, {
        one: { prompt: { file: 'prompt.md' }, goOn, restart: { initialDelay: '1ms', resetAfter: '1ms' } },
      });
      await writeFile(join(rig.directory, 'prompt.md'), 'Begin.\n@run echo $$ >tool; exec sleep 1000');
      const supervisor = await rig.supervise();
      const tool = await until(
        async () => readFile(join(rig.directory, 'tool'), 'utf8').catch(() => ''),
        (text) => text.trim() !== '',
        patience,
      );
      // Only what its transcript holds can be resumed.
      const { session } =
        (await until(
          () => supervisor.status().loops[0],
          (loop) => (loop?.agent?.usage?.output ?? 0) > 0,
          patience,
        )) ?? {};
      const back = async (times: number, inSession: string | undefined): Promise<void> => {
        await until(
          () => prompted(rig),
          (events) => events.length >= 1 + times,
          patience,
        );
        await until(
          async () =>
            (await rig.lab.requests()).filter(({ start, answered }) => start === goOn && answered === 0)
              .length,
          (count) => count === times,
          patience,
        );
        expect(supervisor.status().loops[0]).toMatchObject({ session: inSession, state: 'running' });
        // A turn that has ended is there before the next blow falls.
        await until(
          () => supervisor.status().loops[0],
          (loop) => loop?.ready === true && loop.agent?.turnSince === undefined,
          patience,
        );
      };
      process.kill(pidOf(supervisor.status(), 'one'), 'SIGKILL');
      await back(1, session);
      // What the tool ran has ended with it.
      expect(isAlive(Number(tool))).toBe(false);

      await host.run(['tmux', '-S', tmuxSocket(rig.config), 'kill-server'], { reject: false });
      await back(2, session);

      await keys(rig, 'one', '-l', '/exit');
      await keys(rig, 'one', 'Enter');
      await back(3, session);

      await keys(rig, 'one', '-l', '/clear');
      await keys(rig, 'one', 'Enter');
      const cleared = await until(
        () => rig.events.find((event) => event.type === 'session'),
        (event) => event !== undefined,
        patience,
      );
      const next = cleared?.type === 'session' ? cleared.session : '';
      await supervisor.prompt('one', Buffer.from('In the new one.\n@say yes'), 'a');
      await until(
        () => supervisor.status().loops[0],
        (loop) => loop?.agent?.turnSince === undefined,
        patience,
      );
      const before = prompted(rig).length;
      process.kill(pidOf(supervisor.status(), 'one'), 'SIGKILL');
      await until(
        () => prompted(rig).length,
        (count) => count === before + 1,
        patience,
      );
      await until(
        async () => (await rig.lab.requests()).at(-1),
        (last) => last?.session === next && last.start === goOn,
        patience,
      );
      expect(rig.events.filter(({ type }) => type === 'escalated' || type === 'prompt-failed')).toEqual([]);
    }, 900_000);

    it('in a new session, told its prompt, where its home was changed and nothing of the last one is in it', async () => {
      await using rig = await makeClaudeRig(program, {
        one: { prompt: { file: 'prompt.md' }, goOn, restart: { initialDelay: '1ms' } },
      });
      await writeFile(join(rig.directory, 'prompt.md'), 'Begin.\n@say done');
      const supervisor = await rig.supervise();
      await until(
        () => supervisor.status(),
        ({ loops: [loop] }) => (loop?.agent?.usage?.output ?? 0) > 0,
        patience,
      );
      const { session } = supervisor.status().loops[0] ?? {};
      await supervisor.unwant();
      const home = join(rig.directory, 'home');
      await mkdir(home);
      const folders = [await realpath(rig.directory)];
      await writeFirstRun({ ...rig.lab.environment, HOME: home }, { folders, bypasses: true });
      Object.assign(rig.config.loops[0] ?? {}, { environment: { HOME: home } });
      await supervisor.want();
      await until(
        () => prompted(rig),
        (events) => events.length === 2,
        patience,
      );
      const { session: next } = supervisor.status().loops[0] ?? {};
      expect(next).not.toBe(session);
      expect(rig.events.flatMap((event) => (event.type === 'exited' ? [event.exitCode] : []))).toEqual([1]);
      const details = rig.events.flatMap((event) => (event.type === 'escalated' ? [event.detail] : []));
      expect(details).toEqual([expect.stringContaining(`cannot go on with its session ${session}`)]);
    }, 400_000);

    it('as the same process when its supervisor is killed or updated, and nothing that its hooks told is lost', async () => {
      await using rig = await makeClaudeRig(program, { one: { prompt: { file: 'prompt.md' }, goOn } });
      await writeFile(join(rig.directory, 'prompt.md'), 'Begin.\n@say begun');
      await using command = await startCommand(rig);
      const { pid } = (await command.untilIdle()) ?? {};
      const spool = join(rig.config.stateDir, 'agents/one/spool');
      for (const [round, signal] of (['SIGKILL', 'SIGTERM', 'SIGKILL'] as const).entries()) {
        // It is killed while a turn is under way, and is not there when that ends.
        await command.run('prompt', 'one', `Work ${round}.\n@run sleep 4\n@run sleep 1\n@say done`);
        await command.kill(signal);
        await until(
          async () => endOf(await rig.lab.requests(), `Work ${round}.`, 2),
          (ended) => ended,
          patience,
        );
        await until(
          async () =>
            Promise.all(
              (await readdir(spool))
                .filter((name) => name.endsWith('.json'))
                .map((name) => readFile(join(spool, name), 'utf8')),
            ),
          (told) => told.some((json) => json.includes('"Stop"')),
          patience,
        );
        command.up();
        const loop = await command.untilIdle();
        expect(loop?.pid).toBe(pid);
        expect(await readdir(spool)).toEqual([]);
      }
      expect((await rig.lab.requests()).filter(({ answered }) => answered === 0)).toHaveLength(4);
    }, 900_000);

    it('to rest in a quiesce: a turn and its queue end first, one that does not is stopped in time, and its work is kept', async () => {
      await using fixture = await makeGitFixture();
      const clone = await fixture.clone('work');
      await using rig = await makeClaudeRig(program, { one: { clone, goOn } });
      await writeFirstRun(rig.lab.environment, { folders: [await realpath(clone)], bypasses: true });
      await using command = await startCommand(rig);
      await command.untilIdle();
      // While its last words come slowly, another prompt stands behind them.
      const author = '-c user.name=agent -c user.email=agent@localhost';
      const commit = `git ${author} commit -q --allow-empty -m work && git push -q origin HEAD:main`;
      await command.run('prompt', 'one', `First.\n@run sleep 3; ${commit}\n@say one`);
      await rig.lab.setMode({ mode: 'slow', pause: 2000 });
      await until(
        async () => endOf(await rig.lab.requests(), 'First.', 1),
        (begun) => begun,
        patience,
      );
      await command.run('prompt', 'one', `Second.\n@run sleep 2; ${commit}\n@say two`);
      const options = { keep: false, signal: new AbortController().signal };
      const report = await quiesceRig(rig.config, { ...options, deadline: 120_000 });
      expect(report).toMatchObject({ safe: true, deadlineHit: false });
      // Both have come to their end.
      expect(await fixture.git(fixture.remote, 'log', '--format=%s', 'main')).toBe('work\nwork\nfirst');

      await rig.lab.setMode({ mode: 'good' });
      await command.run('start');
      await command.untilIdle();
      await command.run('prompt', 'one', 'Third.\n@run echo precious >only-here; sleep 1000');
      await until(
        () => readdir(clone),
        (names) => names.includes('only-here'),
        patience,
      );
      const late = await quiesceRig(rig.config, { ...options, deadline: 120_000 });
      expect(late).toMatchObject({ safe: false, deadlineHit: true, stopped: { stopped: true } });
      const { salvage, salvageProblem } = late.clones[0] ?? {};
      expect(salvageProblem).toBeUndefined();
      expect(await fixture.git(clone, 'show', `${salvage?.ref}:only-here`)).toBe('precious');
    }, 900_000);
  });
}
