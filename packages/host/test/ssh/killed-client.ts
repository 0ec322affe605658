import { sshHost } from '../../src/index.ts';

// Runs a command on the host until somebody kills it. Two calls, so that the first is surely under way at the end.
const host = sshHost(JSON.parse(process.env['SSH_OPTIONS'] ?? ''));
await Promise.all([
  host.run(['sh', '-c', 'sleep "$1" & sleep "$1"; sleep "$1"', 'sh', process.env['SECONDS'] ?? '']),
  host.run(['true']),
]);
