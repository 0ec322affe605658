import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { claudeVersions } from '@cutover/test-support/claude/claude-binary';
import type { ApiMode } from '@cutover/test-support/claude/claude-lab';
import { describe, expect, it } from 'vitest';
import { loginStates } from '../../../src/agents/login-states.ts';
import { tmuxSocket } from '../../../src/config/rig-places.ts';
import type { LoopStatus } from '../../../src/control/status.ts';
import type { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { until } from '../../rig.ts';
import { claudeOr, type ClaudeRig, makeClaudeRig } from './claude-rig.ts';

const patience = 120_000;
const host = localHost();
/** Each version in a soak; else the older one, whose limit ends in a menu. */
const versions = process.env['CUTOVER_SOAK'] ? claudeVersions : claudeVersions.slice(0, 1);

const untilOne = async (
  supervisor: Supervisor,
  holds: (loop: LoopStatus) => boolean,
): Promise<LoopStatus> => {
  const { loops } = await until(
    () => supervisor.status(),
    ({ loops: [loop] }) => loop !== undefined && holds(loop),
    patience,
  );
  if (loops[0] === undefined) throw new Error('no loop');
  return loops[0];
};

const startPrompt = async (rig: ClaudeRig, text: string): Promise<void> =>
  writeFile(join(rig.directory, 'prompt.md'), text);

for (const version of versions) {
  const program = (await claudeOr(version)) ?? '';

  describe.skipIf(program === '')(`Claude Code ${version} in trouble`, () => {
    it('waits for the end of a limit, leaves its menu, and goes on; a lost login is told once, and a login ends that', async () => {
      await using rig = await makeClaudeRig(program, {
        one: { prompt: { file: 'prompt.md' }, goOn: 'Go on.\n@say going on' },
      });
      await startPrompt(rig, 'Begin.\n@say begun');
      // Of a minute that is over the reset is half a minute away at most.
      const resetAt = Math.floor(Date.now() / 60_000) * 60;
      await rig.lab.setMode({ mode: 'limit', resetAt });
      const supervisor = await rig.supervise();
      const blocked = await untilOne(supervisor, ({ block }) => block !== undefined);
      expect(blocked).toMatchObject({ state: 'running', restarts: 0, block: { reason: 'usage-limit' } });
      await rig.lab.setMode({ mode: 'unauthorized' });
      // It is told to go on, and is logged out now.
      const lost = await untilOne(supervisor, ({ block }) => block?.reason === 'login-expired');
      expect(lost.block?.detail).toContain('Please run /login');
      await rig.lab.setMode({ mode: 'good' });
      await delay(6000);
      await writeFile(join(rig.lab.home, '.claude', '.credentials.json'), '{}');
      await untilOne(supervisor, ({ block }) => block === undefined);
      await until(
        () => rig.lab.requests(),
        (all) => all.at(-1)?.mode === 'good' && all.at(-1)?.start.startsWith('Go on.') === true,
        patience,
      );
      const count = (type: string): number => rig.events.filter((event) => event.type === type).length;
      expect([count('login-expired'), count('exited'), count('prompt-failed')]).toEqual([1, 0, 0]);
      expect(supervisor.status().loops[0]).toMatchObject({ restarts: 0, state: 'running' });
    }, 400_000);

    it('shows a dialog that a person must answer: said, nothing typed, and the prompt arrives when it is answered', async () => {
      await using rig = await makeClaudeRig(
        program,
        { one: { prompt: { file: 'prompt.md' } } },
        { setUp: false },
      );
      await startPrompt(rig, 'Begin.');
      await writeFile(join(rig.lab.home, '.claude.json'), '{"hasCompletedOnboarding":true}');
      await mkdir(join(rig.lab.home, '.claude'));
      await writeFile(
        join(rig.lab.home, '.claude', 'settings.json'),
        '{"skipDangerousModePermissionPrompt":true}',
      );
      const supervisor = await rig.supervise();
      const shown = await untilOne(supervisor, ({ agent }) => agent?.dialog !== undefined);
      expect(shown.reason).toContain('Quick safety check');
      await expect(supervisor.prompt('one', Buffer.from('x'), 'a')).rejects.toMatchObject({
        code: 'PROMPT_REFUSED',
      });
      await delay(3000);
      expect(await rig.lab.requests()).toEqual([]);
      expect(supervisor.status().loops[0]).toMatchObject({ state: 'running', ready: false });
      // The older version preselects to trust, the newer one to leave.
      const keys = version === '2.1.154' ? ['Enter'] : ['Down', 'Enter'];
      for (const key of keys) {
        await host.run(['tmux', '-S', tmuxSocket(rig.config), 'send-keys', '-t', 'one', key]);
        await delay(500);
      }
      await until(
        () => rig.events.some(({ type }) => type === 'prompted'),
        (seen) => seen,
        patience,
      );
      const answered = await untilOne(supervisor, ({ agent }) => agent?.dialog === undefined);
      expect(answered.ready).toBe(true);
    }, 300_000);

    it.skipIf(process.env['CUTOVER_SOAK'] === undefined)(
      'says by a live call whether it is logged in',
      async () => {
        await using rig = await makeClaudeRig(program, { one: {}, two: {} });
        const state = async (mode: ApiMode['mode']): Promise<unknown> => {
          await rig.lab.setMode({ mode });
          return (await loginStates(rig.config)).map((login) => [login.loops, login.state]);
        };
        const both = ['one', 'two'];
        expect(await state('good')).toEqual([[both, 'logged-in']]);
        expect(await state('limit')).toEqual([[both, 'at-limit']]);
        expect(await state('unauthorized')).toEqual([[both, 'logged-out']]);
        const { CLAUDE_CODE_OAUTH_TOKEN: _token, ...environment } = rig.config.environment;
        const [login] = await loginStates({ ...rig.config, environment });
        expect(login).toMatchObject({ state: 'logged-out', detail: 'there is no login' });
      },
      300_000,
    );

    it('gets typed prompts as they are, is refused what it would run, and a silent API is a stall', async () => {
      await using rig = await makeClaudeRig(program, {
        one: { stall: { after: '10s', rungDelay: '1h', nudge: 'Are you there?' } },
      });
      const supervisor = await rig.supervise();
      await untilOne(supervisor, ({ ready }) => ready);
      const texts = [
        '1. first\n2. second',
        '# a heading',
        `long ${'x '.repeat(1500)}end`,
        '\ufeffa\u200bb e\u0301',
      ];
      for (const [index, text] of texts.entries()) {
        expect(await supervisor.prompt('one', Buffer.from(text), `id-${index}`)).toBe(true);
      }
      for (const text of [
        '!touch executed',
        '/foo',
        'a \\',
        'a\u001b[201~!ls',
        'a\u009b31m',
        ':q',
        '\u200b/foo',
      ]) {
        const refused = supervisor.prompt('one', Buffer.from(text), text);
        await expect(refused).rejects.toMatchObject({ code: 'PROMPT_REFUSED' });
      }
      await until(
        () => rig.lab.requests(),
        (all) => all.length >= 4,
        patience,
      );
      await rig.lab.setMode({ mode: 'hang' });
      await supervisor.prompt('one', Buffer.from('Never answered.'), 'last');
      const stalled = await until(
        () => rig.events.find(({ type }) => type === 'stalled'),
        (event) => event !== undefined,
        patience,
      );
      expect(stalled).toMatchObject({ rung: 'nudge' });
      await expect(readFile(join(rig.directory, 'executed'))).rejects.toMatchObject({ code: 'ENOENT' });
    }, 300_000);
  });
}
