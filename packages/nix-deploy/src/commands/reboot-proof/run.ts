import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';

import { rebootProof } from '../../history/reboot-proof.ts';
import { onlyMember } from '../shared/chosen-members.ts';
import type { RebootProofFlags } from './command.ts';

/** `nix-deploy reboot-proof`. */
export async function runRebootProof(name: string | undefined, flags: RebootProofFlags): Promise<void> {
  const { target, options: own } = await onlyMember(name, flags);
  const { system, timeout, json } = flags;
  await withInterrupts(async (signal) => {
    const proof = await rebootProof(target, {
      ...own,
      system,
      timeout,
      signal,
      onEvent: (event) => {
        if (json === true) return;
        if (event.type === 'rebooting') processIo.stderr.write('rebooting\n');
        if (event.type === 'back') processIo.stderr.write(`back after ${event.seconds.toFixed(1)} s\n`);
        if (event.type === 'health') processIo.stderr.write(`  ${event.ok ? '✓' : '✗'} ${event.check}\n`);
      },
    });
    await write(
      processIo.stdout,
      json === true
        ? `${JSON.stringify(proof)}\n`
        : `${target.name}: another boot, running ${proof.system}, proven in ${proof.seconds.toFixed(1)} s\n`,
    );
  });
}
