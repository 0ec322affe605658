import type { World } from '../world/world.ts';

/** The terminals that are attached to a loop's tmux session on the new host, each as `tty (pid N)`. */
export async function attachedClients(world: World, loop: string, signal: AbortSignal): Promise<string[]> {
  const user = await world.targetRig(signal);
  const socket = `${world.rig.runtimeDir}/tmux.sock`;
  const argv = [
    'tmux',
    '-S',
    socket,
    'list-clients',
    '-t',
    `=${loop}:`,
    '-F',
    '#{client_tty} (pid #{client_pid})',
  ];
  const { exitCode, stdout } = await user.run(argv, { reject: false, signal });
  return exitCode === 0 ? stdout.split('\n').filter((line) => line !== '') : [];
}
