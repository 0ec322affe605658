import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claudeVersions } from '@cutover/test-support/claude/claude-binary';
import { describe, expect, it } from 'vitest';
import { until } from '../../rig.ts';
import { claudeOr, makeClaudeRig, sha256 } from './claude-rig.ts';
import { startCommand } from './rig-command.ts';

const patience = 120_000;
/** Each version in a soak. */
const versions = process.env['CUTOVER_SOAK'] ? claudeVersions : claudeVersions.slice(0, 1);

for (const version of versions) {
  const program = (await claudeOr(version)) ?? '';

  describe.skipIf(program === '')(`Claude Code ${version} whose context fills up`, () => {
    it('is asked for a note; without it the loop is held, with it a new session begins and is told to read it', async () => {
      await using rig = await makeClaudeRig(program, {
        one: {
          prompt: { file: 'prompt.md' },
          contextHandoff: {
            at: 150_000,
            note: 'note.md',
            ask: 'Write it to {note}.\n@run test -e may-write && echo next >{note}\n@say asked',
            tell: 'Read {note} first.',
          },
        },
      });
      const note = join(rig.directory, 'note.md');
      const prompt = join(rig.directory, 'prompt.md');
      await writeFile(prompt, 'Begin.\n@use 160000');
      await writeFile(note, 'an old note');
      const supervisor = await rig.supervise();
      const one = () => supervisor.status().loops[0];
      const held = await until(one, (loop) => loop?.block !== undefined, patience);
      expect(held).toMatchObject({ state: 'running', block: { reason: 'handoff' } });
      expect(held?.block?.detail).toContain(note);
      expect(rig.events.find(({ type }) => type === 'handoff-asked')).toMatchObject({
        note,
        context: 160_117,
      });
      // Nor is a note that was there before the question, whatever it says.
      const before = new Date(Date.now() - 3_600_000);
      await writeFile(note, 'an older note');
      await utimes(note, before, before);
      await writeFile(prompt, 'Begin again.');
      await until(
        () => rig.lab.requests(),
        (all) => all.length >= 3,
        patience,
      );
      expect(one()?.session).toBe(held?.session);

      // A person has it written; then it goes on by itself.
      await supervisor.prompt('one', Buffer.from(`Write it now.\n@run echo next >${note}`), 'by hand');
      const fresh = await until(
        one,
        (loop) => loop?.session !== held?.session && loop?.ready === true,
        patience,
      );
      expect(fresh?.block).toBeUndefined();
      const words = `Begin again.\n\nRead ${note} first.`;
      const requests = await until(
        () => rig.lab.requests(),
        (all) => all.at(-1)?.session === fresh?.session,
        patience,
      );
      expect(requests.at(-1)).toMatchObject({ sha256: sha256(words), start: words });
      expect(rig.events.filter(({ type }) => type === 'handed-over')).toMatchObject([
        { from: held?.session, note },
      ]);
      if (process.env['CUTOVER_SOAK'] === undefined) return;

      // The next time it writes the note itself, and no one is asked.
      await writeFile(join(rig.directory, 'may-write'), '');
      await supervisor.prompt('one', Buffer.from('More.\n@use 160000'), 'more');
      await until(one, (loop) => loop?.session !== fresh?.session && loop?.ready === true, patience);
      expect(rig.events.filter(({ type }) => type === 'escalated')).toHaveLength(1);
    }, 400_000);

    it.runIf(process.env['CUTOVER_SOAK'] !== undefined)(
      'is asked again where a kill or a limit cut its answer off, and its note counts where the supervisor was killed meanwhile',
      async () => {
        await using rig = await makeClaudeRig(program, {
          one: {
            prompt: { file: 'prompt.md' },
            goOn: 'Go on.\n@use 160000',
            restart: { initialDelay: '1ms', resetAfter: '1ms' },
            contextHandoff: {
              at: 150_000,
              note: 'note.md',
              ask: 'Write it to {note}.\n@run sh ./answer {note}\n@run sh ./answer {note}\n@use 160000',
              tell: 'Read {note} first.',
            },
          },
        });
        const path = (name: string): string => join(rig.directory, name);
        const isThere = async (name: string) =>
          await until(
            async () => (await readFile(path(name), 'utf8').catch(() => '')).trim(),
            Boolean,
            patience,
          );
        await writeFile(path('prompt.md'), 'Begin.\n@use 160000');
        await writeFile(path('answer'), 'echo half >"$1"; echo $$ >killed; exec sleep 1000');
        await using command = await startCommand(rig);
        const one = async () => (await command.status()).loops[0];

        // What a killed agent had begun is no note.
        await isThere('killed');
        const { pid, session } = (await one()) ?? {};
        const resetAt = Math.ceil(Date.now() / 1000) + 90;
        await writeFile(path('answer'), 'echo $$ >limited; sleep 3');
        process.kill(pid ?? 0, 'SIGKILL');
        await isThere('limited');
        await rig.lab.setMode({ mode: 'limit', resetAt });
        await until(one, (loop) => loop?.block?.reason === 'usage-limit', patience);
        await writeFile(path('answer'), 'echo $$ >asked; sleep 5; echo whole >"$1"');
        await rig.lab.setMode({ mode: 'good' });

        await isThere('asked');
        await command.kill('SIGKILL');
        await until(
          async () => (await readFile(path('note.md'), 'utf8')).trim(),
          (text) => text === 'whole',
          patience,
        );
        command.up();
        await until(one, (loop) => loop?.session !== session && loop?.ready === true, patience);
        const last = await until(
          async () => (await rig.lab.requests()).at(-1),
          (request) => request?.session !== session,
          patience,
        );
        expect(last?.start).toBe(`Begin.\n@use 160000\n\nRead ${path('note.md')} first.`);
        expect(await readFile(path('note.md'), 'utf8')).toBe('whole\n');
      },
      900_000,
    );
  });
}
