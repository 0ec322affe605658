import { sshHost } from '@cutover/host';
import { carryingUnits } from '@cutover/cutover-scripts/tailnet';
import { expect, it } from 'vitest';
import { openLab } from '../../src/index.ts';

const relay = `import { connect, createServer } from 'node:net';
createServer((near) => near.pipe(connect(22, '127.0.0.1')).pipe(near)).listen(2222);`;

it('a unit that hands our connection on is known, so that it is not stopped; one that does not carry it is not', async () => {
  await using lab = await openLab();
  await using box = await lab.launch('carrying');
  await box.host.writeFile('/srv/relay.mjs', relay, { mode: 0o644 });
  const unit = '[Service]\nExecStart=/usr/bin/node /srv/relay.mjs\n';
  await box.host.writeFile('/etc/systemd/system/relay.service', unit, { mode: 0o644 });
  await box.host.run(['systemctl', 'start', 'relay.service']);
  const units = ['cron.service', 'relay'];
  const signal = AbortSignal.timeout(60_000);
  await using directly = sshHost(box.ssh);
  expect(await carryingUnits(directly, units, signal)).toEqual([]);
  await using handedOn = sshHost({ ...box.ssh, port: 2222, connectAttempts: 5 });
  expect(await carryingUnits(handedOn, units, signal)).toEqual(['relay']);
  // Without a way to tell it may be each of them.
  await box.host.run(['chmod', '-x', '/usr/bin/ss']);
  expect(await carryingUnits(handedOn, units, signal)).toEqual(units);
  // By way of Incus there is no such connection.
  expect(await carryingUnits(box.host, units, signal)).toEqual([]);
});
