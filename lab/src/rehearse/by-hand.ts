import { asUser } from '@cutover/host';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import { forgeOverSsh, newHostName, type RehearsalForge } from './settings.ts';

/** The lab's own forge, which cutover asks for nothing: a person makes the repositories, and gives and takes the keys. */
export interface ForgeByHand extends RehearsalForge {
  /** What the person does at each gate that asks for it, by the id of the step; given what the gate says. */
  readonly person: Readonly<Record<string, (text: string) => Promise<void>>>;
}

export async function forgeByHand(lab: Lab, hosts: LabHosts): Promise<ForgeByHand> {
  const { config, url } = forgeOverSsh(lab, hosts);
  const forge = asUser(hosts.forge.host, 'git');
  const oldKey = (await hosts.pi.host.run(['cat', '/home/loops/.ssh/id_ed25519.pub'])).stdout.trim();
  const letIn = async (name: string, key: string): Promise<void> => {
    await forge.run(['authorize', name], { input: `${key}\n` });
  };
  const shut = async (name: string): Promise<void> => {
    const keys = (await forge.run(['keys'])).stdout.split('\n').map((line) => line.split(' '));
    for (const [whose, fingerprint] of keys)
      if (whose === name && fingerprint !== undefined) await forge.run(['revoke', fingerprint]);
  };
  return {
    url,
    config: { type: 'git', ...config },
    person: {
      'create-repository': async () => {
        await forge.run(['init', newHostName]);
      },
      'authorize-target': async (text) => {
        const [, key = ''] = /^\s+(ssh-\S+ \S+)/m.exec(text) ?? [];
        await letIn(newHostName, key);
      },
      'revoke-old': () => shut('pi'),
      'back-swap-keys': async () => {
        await shut(newHostName);
        await letIn('pi', oldKey);
      },
    },
  };
}
