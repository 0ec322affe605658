import { sshHost } from '../../src/index.ts';

// Runs a command on the host until this program is killed, and says so once it hears of the command.
const host = sshHost(JSON.parse(process.env['SSH_OPTIONS'] ?? ''));
const script = 'sleep "$1" & echo started; sleep "$1"; sleep "$1"';
await using command = host.stream(['sh', '-c', script, 'sh', process.env['SLEEP'] ?? '']);
for await (const text of command.stdout) process.stdout.write(text);
