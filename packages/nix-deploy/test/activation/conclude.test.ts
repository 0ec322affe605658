import { createHost, HostConnectionError } from '@cutover/host';
import { expect, it } from 'vitest';

import { conclude } from '../../src/activation/conclude.ts';
import { createDeployRecord } from '../../src/activation/deploy-record.ts';
import { resolveOptions } from '../../src/options.ts';
import { openConnection } from '../../src/target/connection.ts';

const source = { storePath: '/nix/store/00000000000000000000000000000000-nixos-system-web' };

it('says how a deploy ended also where the journal of its units cannot be had any more', async () => {
  const host = createHost({
    name: 'web',
    spawn: () => Promise.reject(new HostConnectionError('HOST_KEY_MISMATCH', 'web', 'another host answers')),
  });
  const target = { name: 'web', connect: () => Promise.resolve(host) };
  await using connection = await openConnection(target);
  const record = createDeployRecord();
  record.event({ type: 'armed', previous: '/old' });
  record.event({ type: 'units', failed: ['web.service'] });
  record.event({ type: 'activated', exitCode: 4 });
  record.event({ type: 'decided', decision: 'revoked' });
  record.event({ type: 'finished', outcome: 'restored' });
  const none = { status: 'fulfilled', value: [] } as const;
  await expect(
    conclude(target, connection, resolveOptions({ source }), record, none, undefined),
  ).rejects.toMatchObject({
    code: 'SWITCH_FAILED',
    restoration: 'restored',
    failedUnits: ['web.service'],
    journal: '',
  });
});
