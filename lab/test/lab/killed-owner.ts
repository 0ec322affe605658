import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What another process runs: it opens a lab, starts an instance in it, and says which process its daemon is. */
const program = `
const [index, name] = process.argv.slice(1);
const { openLab } = await import(index);
const lab = await openLab({ name });
await lab.launch('killed-owner');
console.log((await lab.client.server.get()).environment.server_pid);
setInterval(() => {}, 1000);`;

/** Leaves a lab as a crash leaves it: a process opened it, and then that process and the daemon were killed. */
export async function killedOwner(name: string): Promise<void> {
  const index = new URL('../../dist/index.js', import.meta.url).href;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program, index, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(owner, 'exit');
  const daemon = await Promise.race([
    once(owner.stdout, 'data').then((words) => Number(String(words[0]))),
    ended.then(() => 0),
  ]);
  if (daemon === 0) throw new Error('the process that was to open the lab ended; its error is above');
  process.kill(daemon, 'SIGKILL');
  owner.kill('SIGKILL');
  await ended;
}
