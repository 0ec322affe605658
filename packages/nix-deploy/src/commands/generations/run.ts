import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';

import { type Generation, generations } from '../../history/generations.ts';
import { openConnection } from '../../target/connection.ts';
import { askEach } from '../shared/ask-each.ts';
import { chosenMembers } from '../shared/chosen-members.ts';
import type { GenerationsFlags } from './command.ts';
import { describePackage } from '../shared/packages.ts';
import { printable } from '../shared/printable.ts';

/** `nix-deploy generations`. */
export async function runGenerations(names: readonly string[], flags: GenerationsFlags): Promise<void> {
  const { members } = await chosenMembers(names, flags);
  const { changes } = flags;
  await withInterrupts(async (signal) => {
    const { answers, all } = await askEach(members, { signal }, async ({ target, options: own }) => {
      await using connection = await openConnection(target, signal);
      const list = await generations(connection.host, { ...own, changes, signal });
      return { target: target.name, generations: list };
    });
    const text = answers
      .map(
        ({ target, generations: list }) =>
          `${target}\n${list.map((one, index) => row(one, changes && index > 0)).join('') || '    none yet\n'}`,
      )
      .join('\n');
    await write(
      processIo.stdout,
      flags.json === true ? `${JSON.stringify({ targets: all })}\n` : printable(text),
    );
  });
}

function row(
  { number, created, system, nixosVersion, changes, ...is }: Generation,
  isCompared: boolean,
): string {
  const marks = [is.active ? 'active' : '', is.current ? 'runs' : '', is.booted ? 'booted' : '']
    .filter(Boolean)
    .join(', ');
  const when = created.toISOString().slice(0, 16).replace('T', ' ');
  const lines = [
    `${String(number).padStart(5)}  ${when}  ${(nixosVersion ?? '').padEnd(14)}  ${system}${marks === '' ? '' : `  (${marks})`}`,
    ...(changes?.packages ?? []).map((one) => `       ${describePackage(one)}`),
    ...(isCompared && changes === undefined ? ['       nix could not say what it changed'] : []),
  ];
  return `${lines.join('\n')}\n`;
}
