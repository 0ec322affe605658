import type { KeyStanding } from './control-api.ts';

/** What is wrong with an auth key, in the words of a person, and what to do; with nothing of the key in it. */
export function badKey(standing: Exclude<KeyStanding, 'good'>, said?: string): string {
  const by = said === undefined ? '' : ` (${said})`;
  switch (standing) {
    case 'used':
      // headscale 0.29 spends each key that a node brings which was logged out and is still in its list, and then says this.
      return (
        `the auth key was used before${by}; make a new one-off key; where a new one is refused too, an earlier node ` +
        'of this host is still in the list of the control server: remove it there first'
      );
    case 'expired':
      return `the auth key is expired or revoked${by}; make a new one`;
    case 'unknown-key':
      return `the control server does not know the auth key${by}; make a new one`;
    default:
      return standing satisfies never;
  }
}

/** What `tailscale up` says of a bad key; `undefined` where it speaks of something else. */
export function keyStandingSaid(said: string): Exclude<KeyStanding, 'good'> | undefined {
  if (/authkey already used/i.test(said)) return 'used';
  if (/authkey expired/i.test(said)) return 'expired';
  return /invalid pre auth key|invalid key|failed to parse auth-key/i.test(said) ? 'unknown-key' : undefined;
}
