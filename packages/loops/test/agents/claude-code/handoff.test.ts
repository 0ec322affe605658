import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claudeVersions } from '@cutover/test-support/claude/claude-binary';
import { describe, expect, it } from 'vitest';
import { until } from '../../rig.ts';
import { claudeOr, makeClaudeRig, sha256 } from './claude-rig.ts';

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
  });
}
