import { quoteForDisplay } from '@cutover/host';
import { forgeName } from '../forge/settings.ts';
import { startScript } from '../old-rig/start-fence.ts';
import type { World } from '../world/world.ts';

/** What the move cannot take from the old host, a sentence each: the plan lists it for the person who approves. */
export function whatStaysReachable({
  settings,
  secrets,
}: Pick<World, 'settings' | 'secrets'>): readonly string[] {
  const { name } = settings.old;
  const keys = secrets.secrets.filter(({ kind }) => kind === 'private-key').map((secret) => secret.name);
  const hosts = settings.nixos.sshHosts.map(({ alias, user, host }) => `${alias} (${user}@${host})`);
  const others = secrets.secrets.filter(({ kind }) => kind !== 'private-key').map((secret) => secret.name);
  return [
    ...(startScript(settings.old) === undefined
      ? [
          `${quoteForDisplay(settings.old.start)} can still be run on ${name} by hand: it begins with a program of the host, which is left alone. Units and cron lines are taken away, and the forge refuses what it would push`,
        ]
      : []),
    ...(keys.length === 0
      ? []
      : [
          `${name} keeps the ssh keys ${keys.join(', ')}: only the key of the forge is taken away. Remove them from the servers that they open when you trust the new host`,
        ]),
    ...(hosts.length === 0
      ? []
      : [`${name} can still reach ${hosts.join(', ')} by ssh, as far as those let it in`]),
    ...(others.length === 0
      ? []
      : [`${name} keeps the secrets ${others.join(', ')}; rotate what must not be used from there`]),
    ...(settings.forge.type === 'gitea'
      ? [
          `a token of ${forgeName(settings.forge)} that lies on ${name} still lets it push over https: only its keys are taken away. Revoke such tokens`,
        ]
      : []),
    `the agent's login on ${name} stays valid: log it out there, or at its provider`,
  ];
}
