import { createHash } from 'node:crypto';

/** A key that may push. */
export interface FenceKey {
  readonly name: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** Where it may push, by the names that the config gives; absent: the forge lets a key into all of them. */
  readonly repositories?: readonly string[];
}

/**
 * What makes a host unable to push, at the forge itself. A host is fenced when no key of `list` has the fingerprint of
 * one that the host holds.
 */
export interface Fence {
  /**
   * Lets a key (a line as in a .pub file) push under `name`. Repeating it changes nothing.
   *
   * @param repositories where, on a forge that gives keys to each repository. Default: all of the rig's.
   */
  grant(
    name: string,
    publicKey: string,
    signal: AbortSignal,
    repositories?: readonly string[],
  ): Promise<void>;
  /** The keys that may push to any of the repositories. */
  list(signal: AbortSignal): Promise<readonly FenceKey[]>;
  /**
   * Takes the key away, from all repositories and under whatever names, and ends its open sessions: when this returns, no
   * push of it can land any more, also none that was under way. Repeating it changes nothing.
   */
  revoke(fingerprint: string, signal: AbortSignal): Promise<void>;
}

/** The fingerprint of a public key (a line as in a .pub file). */
export function fingerprintOf(publicKey: string): string {
  const [, blob = ''] = publicKey.trim().split(/\s+/);
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}
