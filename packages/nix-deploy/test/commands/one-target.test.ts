import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';

import { rebootProofCommand } from '../../src/commands/reboot-proof/command.ts';
import { rollbackCommand } from '../../src/commands/rollback/command.ts';

describe.each<[string, () => Command]>([
  ['rollback', rollbackCommand],
  ['reboot-proof', rebootProofCommand],
])('nix-deploy %s', (_name, create) => {
  it('is for one target, and says so', async () => {
    const command = create()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    expect(command.helpInformation()).toContain('[options] [target]\n');
    await expect(command.parseAsync(['web1', 'web2'], { from: 'user' })).rejects.toThrow(
      'too many arguments',
    );
  });
});
