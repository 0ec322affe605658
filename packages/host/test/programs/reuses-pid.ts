import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';

import { localHost } from '../../src/index.ts';

// In a pid namespace of its own: another process gets the pid of a command that has ended, and whose output is still held.
const host = localHost();
const command = host.stream(['sh', '-c', 'echo $$; setsid sleep 100 &']);
const [line] = await once(command.stdout, 'data');
await command.exit;
const pid = Number(line);
for (;;) {
  await writeFile('/proc/sys/kernel/ns_last_pid', `${pid - 1}`);
  const bystander = spawn('sleep', ['100'], { detached: true, stdio: 'ignore' });
  if (bystander.pid !== pid) {
    bystander.kill();
    continue;
  }
  await command.kill('SIGKILL');
  await command[Symbol.asyncDispose]();
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log(bystander.signalCode ?? 'alive');
  process.exit(0);
}
