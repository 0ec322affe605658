import { spawn } from 'node:child_process';
import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';

/** Attaches this terminal to a loop's session; returns tmux's exit code. */
export async function attach(config: RigConfig, name: string, readOnly: boolean): Promise<number> {
  const flags = readOnly ? ['-f', 'read-only,ignore-size'] : [];
  const { TMUX: _outer, ...environment } = process.env;
  const child = spawn(
    'tmux',
    ['-u', '-S', tmuxSocket(config), 'attach-session', ...flags, '-t', `=${name}:`],
    {
      stdio: 'inherit',
      env: environment,
    },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
