// Freezes what it is told to, says so, and waits to be killed.
import { localHost, sshHost } from '@cutover/host';
import { freeze } from '../../../src/safe-point/freeze.ts';

const { selector, ssh } = JSON.parse(process.env['GIVEN'] ?? '{}');
await freeze(ssh === undefined ? localHost() : sshHost(ssh), selector, 55);
process.stdout.write('frozen\n');
setInterval(() => undefined, 1000);
