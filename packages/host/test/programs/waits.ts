import { sshHost } from '../../src/index.ts';

// Runs a command on the host until somebody kills this program.
const host = sshHost(JSON.parse(process.env['SSH_OPTIONS'] ?? ''));
await host.run(['sh', '-c', 'sleep "$1" & sleep "$1"; sleep "$1"', 'sh', process.env['SLEEP'] ?? '']);
