import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';
import { formatSize } from '@cutover/foundation/size';

import { collectGarbage } from '../../history/collect-garbage.ts';
import { openConnection } from '../../target/connection.ts';
import { askEach } from '../shared/ask-each.ts';
import { chosenMembers } from '../shared/chosen-members.ts';
import type { GcFlags } from './command.ts';

/** `nix-deploy gc`. */
export async function runGc(names: readonly string[], flags: GcFlags): Promise<void> {
  const { members } = await chosenMembers(names, flags);
  const { keep, keepYounger, dryRun = false } = flags;
  await withInterrupts(async (signal) => {
    const { answers, all } = await askEach(members, { signal }, async ({ target, options: own }) => {
      await using connection = await openConnection(target, signal);
      const options = { ...own, keep, keepYounger, dryRun, signal };
      return { target: target.name, ...(await collectGarbage(connection.host, options)) };
    });
    const text = answers.map(
      ({ target, deleted, kept, freed }) =>
        `${target}: ${dryRun ? 'would delete' : 'deleted'} ${deleted.join(', ') || 'nothing'}; ${kept.join(', ') || 'nothing'} stays${freed === undefined ? '' : `; ${formatSize(freed)} freed`}\n`,
    );
    await write(
      processIo.stdout,
      flags.json === true ? `${JSON.stringify({ targets: all })}\n` : text.join(''),
    );
  });
}
