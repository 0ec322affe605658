import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** The commands that this machine runs itself. */
export function toolChecks({ here }: World): Check[] {
  return [
    {
      name: 'tools here',
      async look(signal) {
        const [git, ssh] = await Promise.all([
          here.run(['git', '--version'], { reject: false, signal }),
          here.run(['ssh', '-V'], { reject: false, signal }),
        ]);
        const missing = [git, ssh].filter(({ exitCode }) => exitCode !== 0).map(({ argv }) => argv[0] ?? '');
        return missing.length === 0
          ? good({ git: git.stdout.trim(), ssh: ssh.stderr.trim() })
          : bad(`${missing.join(' and ')} is missing on this machine; install it`);
      },
    },
  ];
}
