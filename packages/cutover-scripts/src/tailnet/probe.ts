import { randomBytes } from 'node:crypto';
import type { Host } from '@cutover/host';
import type { KeyStanding } from './control-api.ts';
import { keyStandingSaid } from './key-answers.ts';
import { lastLine } from './node-state.ts';
import { TailnetError } from './tailnet-error.ts';
import probeScript from './probe.sh';

/** The auth key to ask about, and the headscale to ask. */
export interface ProbeOptions {
  readonly key: string;
  /** A headscale: of the vendor's server it is unknown whether it spares the key. */
  readonly loginServer: string;
  /** PEM of the authority of its certificate. Default: the host's own trust. */
  readonly authority?: string | undefined;
  readonly signal: AbortSignal;
}

/** What was found, or why nothing was. */
export type Probe = { readonly standing: KeyStanding } | { readonly why: string };

/**
 * Asks a headscale whether it takes an auth key, without spending it, by a tailscaled on `host` that keeps nothing and joins
 * nothing. The key goes on standard input.
 */
export async function probeAuthKey(
  host: Host,
  { key, loginServer, authority = '', signal }: ProbeOptions,
): Promise<Probe> {
  const there = await host.run(['sh', '-c', 'command -v tailscaled && command -v tailscale'], {
    reject: false,
    signal,
  });
  if (there.exitCode !== 0) return { why: `${host.name} has no tailscaled to ask with` };
  // One that no policy names: it is refused.
  const tag = `tag:cutover-probe-${randomBytes(6).toString('hex')}`;
  const { exitCode, stderr } = await host.run(['sh', '-c', probeScript, 'sh', loginServer, tag, authority], {
    input: `${key}\n`,
    reject: false,
    timeout: 60_000,
    signal,
  });
  const refused = keyStandingSaid(stderr);
  if (refused !== undefined) return { standing: refused };
  if (/requested tags/i.test(stderr)) return { standing: 'good' };
  if (exitCode === 0)
    throw new TailnetError(
      'key',
      host.name,
      'the control server let a probe in with a tag that is in no policy, so the key is spent; make a new one',
    );
  return { why: `the control server did not answer: ${lastLine(stderr)}` };
}
