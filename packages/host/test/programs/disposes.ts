import { localHost, sshHost } from '../../src/index.ts';

await using local = localHost();
await using remote = sshHost(JSON.parse(process.env['SSH_OPTIONS'] ?? ''));
const { stdout } = await local.run(['echo', 'local'], {
  timeout: 60_000,
  signal: new AbortController().signal,
});
await remote.run(['true'], { timeout: 60_000 });
const command = remote.stream(['cat'], { timeout: 60_000 });
command.stdin.end('ssh\n');
for await (const chunk of command.stdout) process.stdout.write(`${stdout.trim()} ${chunk}`);
