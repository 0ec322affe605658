import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';

import { rollback } from '../../history/rollback.ts';
import { onlyMember } from '../shared/chosen-members.ts';
import type { RollbackFlags } from './command.ts';
import { createView } from '../shared/view.ts';

/** `nix-deploy rollback`. */
export async function runRollback(name: string | undefined, flags: RollbackFlags): Promise<void> {
  const { target, options: own } = await onlyMember(name, flags);
  const view = createView(processIo, { terminal: process.stderr.isTTY, several: false });
  await withInterrupts(async (signal) => {
    const {
      source: _source,
      buildOn: _buildOn,
      evaluateOn: _evaluateOn,
      substitute: _substitute,
      ...rest
    } = own;
    const result = await rollback(target, {
      ...rest,
      to: flags.to,
      signal,
      onEvent: (event) => {
        if (flags.json !== true) view.show(event);
      },
    }).finally(() => view.close());
    await write(
      processIo.stdout,
      flags.json === true
        ? `${JSON.stringify(result)}\n`
        : `${target.name}: generation ${result.generation} is active${result.changed ? '' : ', as it was'}\n`,
    );
  });
}
