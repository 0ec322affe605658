import type { Host } from '@cutover/host';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** The commands that this machine runs itself. */
export function toolChecks({ here, settings }: World): Check[] {
  return [
    {
      name: 'tools here',
      async look(signal) {
        const [git, ssh] = await Promise.all([
          here.run(['git', '--version'], { reject: false, signal }),
          here.run(['ssh', '-V'], { reject: false, signal }),
        ]);
        const nc = !sshThroughSocks(settings.forge) ? undefined : await netcatSpeaksSocks(here, signal);
        if (nc === false) {
          return bad(
            'git goes to the forge through a SOCKS proxy by nc, and this machine has none that can (-X 5); install netcat-openbsd',
          );
        }
        const missing = [git, ssh].filter(({ exitCode }) => exitCode !== 0).map(({ argv }) => argv[0] ?? '');
        return missing.length === 0
          ? good({ git: git.stdout.trim(), ssh: ssh.stderr.trim() })
          : bad(`${missing.join(' and ')} is missing on this machine; install it`);
      },
    },
  ];
}

async function netcatSpeaksSocks(here: Host, signal: AbortSignal): Promise<boolean> {
  const { stdout, stderr } = await here.run(['sh', '-c', 'nc -h'], { reject: false, signal });
  return /\s-X\b|X proxy_protocol/.test(`${stdout}${stderr}`);
}

function sshThroughSocks(forge: World['settings']['forge']): boolean {
  return forge.type !== 'gitea' && forge.ssh?.socks5 !== undefined;
}
