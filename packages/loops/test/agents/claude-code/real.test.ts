import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { claudeVersions } from '@cutover/test-support/claude/claude-binary';
import { describe, expect, it } from 'vitest';
import { claudeCodeAdapter } from '../../../src/agents/claude-code/claude-code-adapter.ts';
import { metricsText } from '../../../src/control/metrics.ts';
import { tmuxSocket } from '../../../src/config/rig-places.ts';
import { pidOf, until } from '../../rig.ts';
import { claudeOr, makeClaudeRig, sha256 } from './claude-rig.ts';

const patience = 120_000;
const host = localHost();

for (const version of claudeVersions) {
  const program = (await claudeOr(version)) ?? '';

  describe.skipIf(program === '')(`Claude Code ${version}`, () => {
    it('gets its start prompt, is told to go on when it was killed, and follows /clear', async () => {
      await using rig = await makeClaudeRig(program, {
        one: {
          prompt: { file: 'prompt.md' },
          goOn: 'Go on.\n@say going on',
          restart: { initialDelay: '1ms' },
        },
      });
      const text = '1. Do this\n2. Do {session} that\n@say done \\';
      await writeFile(join(rig.directory, 'prompt.md'), text);
      const supervisor = await rig.supervise();
      const prompted = () => rig.events.filter(({ type }) => type === 'prompted');
      await until(prompted, (events) => events.length === 1, patience);
      const requests = await until(
        () => rig.lab.requests(),
        (all) => all.length === 1,
        patience,
      );
      expect(requests[0]).toMatchObject({ sha256: sha256(text), bytes: Buffer.byteLength(text) });
      // Only what its transcript holds can be resumed.
      const first = await until(
        () => supervisor.status(),
        ({ loops: [loop] }) => (loop?.agent?.usage?.output ?? 0) > 0,
      );
      expect(first.loops[0]).toMatchObject({
        ready: true,
        session: requests[0]?.session,
        agent: { version, usage: { input: 100, cacheRead: 1000, output: 7, today: 117 }, context: 1117 },
      });
      process.kill(pidOf(first, 'one'), 'SIGKILL');
      await until(prompted, (events) => events.length === 2, patience);
      const [, again] = await until(
        () => rig.lab.requests(),
        (all) => all.length === 2,
        patience,
      );
      expect(again).toMatchObject({ session: requests[0]?.session, sha256: sha256('Go on.\n@say going on') });
      expect(supervisor.status().loops[0]?.restarts).toBe(1);

      // A person clears it; what it works at from then on is in a session of its own.
      const typeInto = async (...keys: string[]): Promise<void> => {
        await host.run(['tmux', '-S', tmuxSocket(rig.config), 'send-keys', '-t', 'one', ...keys]);
        await delay(500);
      };
      await typeInto('-l', '/clear');
      await typeInto('Enter');
      const cleared = await until(
        () => rig.events.find(({ type }) => type === 'session'),
        (event) => event !== undefined,
        patience,
      );
      expect(await supervisor.prompt('one', Buffer.from('Now this.\n@say yes'), 'third')).toBe(true);
      const third = await until(
        () => rig.lab.requests(),
        (all) => all.length === 3,
        patience,
      );
      expect(third[2]).toMatchObject({ session: supervisor.status().loops[0]?.session });
      expect(third[2]?.session).not.toBe(requests[0]?.session);
      expect(cleared).toMatchObject({ session: third[2]?.session });

      // By this key its input line is cleared of what it took and left there.
      const shown = async (): Promise<string> =>
        (await host.run(['tmux', '-S', tmuxSocket(rig.config), 'capture-pane', '-p', '-t', 'one'])).stdout;
      await typeInto('-l', 'A draft.');
      await until(shown, (screen) => screen.includes('A draft.'));
      await typeInto(claudeCodeAdapter.clearKey ?? '');
      await until(shown, (screen) => !screen.includes('A draft.'));

      // What its hooks tell while no supervisor is there is kept for the next one.
      const before = pidOf(supervisor.status(), 'one');
      await supervisor[Symbol.asyncDispose]();
      await typeInto('-l', 'Meanwhile.');
      await typeInto('Enter');
      await until(
        () => readdir(join(rig.config.stateDir, 'agents/one/spool')),
        (names) => names.length > 0,
        patience,
      );
      const next = await rig.supervise();
      const adopted = await until(
        () => next.status(),
        ({ loops: [loop] }) => loop?.ready === true,
      );
      expect(pidOf(adopted, 'one')).toBe(before);
      // The end of that turn may be told just now.
      await until(
        () => readdir(join(rig.config.stateDir, 'agents/one/spool')),
        (names) => names.length === 0,
      );
      expect(metricsText(adopted)).toContain('loops_agent_needs_person{rig="test",loop="one"} 0');
    }, 300_000);

    it.skipIf(process.env['CUTOVER_SOAK'] === undefined)(
      'gives each of four sessions that start at once its prompt, once, byte for byte, twenty times',
      async () => {
        const names = ['a', 'b', 'c', 'd'];
        await using rig = await makeClaudeRig(
          program,
          Object.fromEntries(names.map((name) => [name, { prompt: { file: `${name}.md` } }])),
        );
        const supervisor = await rig.supervise();
        for (let round = 1; round <= 20; round += 1) {
          const texts = names.map(
            (name) => `# ${name} ${round}\n!not run\n\t1. ñ→🦊 ${'x'.repeat(round * 300)} \\`,
          );
          for (const [index, name] of names.entries())
            await writeFile(join(rig.directory, `${name}.md`), texts[index] ?? '');
          const since = (await rig.lab.requests()).length;
          await supervisor.restart(names, true);
          const asked = await until(
            async () => (await rig.lab.requests()).slice(since),
            (all) => all.length >= names.length,
            patience,
          );
          expect(asked.map((one) => one.sha256).toSorted()).toEqual(texts.map(sha256).toSorted());
        }
        await until(
          () => rig.events.filter(({ type }) => type === 'prompted'),
          (events) => events.length >= 20 * names.length,
          patience,
        );
        expect(rig.events.filter(({ type }) => type === 'prompt-failed')).toEqual([]);
      },
      3_600_000,
    );

    it.skipIf(process.env['CUTOVER_SOAK'] === undefined)(
      'works by its transcript and its screen where its hooks are forbidden',
      async () => {
        await using rig = await makeClaudeRig(program, { one: { prompt: { file: 'prompt.md' } } });
        await writeFile(
          join(rig.lab.home, '.claude', 'settings.json'),
          JSON.stringify({ skipDangerousModePermissionPrompt: true, disableAllHooks: true }),
        );
        await writeFile(join(rig.directory, 'prompt.md'), 'Begin.');
        const supervisor = await rig.supervise();
        const has = (type: string) => () => rig.events.some((event) => event.type === type);
        await until(has('prompted'), (seen) => seen, patience);
        await until(has('hooks-silent'), (seen) => seen, patience);
        expect(supervisor.status().loops[0]).toMatchObject({ ready: true, agent: { version } });
        expect(await supervisor.prompt('one', Buffer.from('And this.'), 'a')).toBe(true);
      },
      400_000,
    );
  });
}
