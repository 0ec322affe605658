import type { Host } from '@cutover/host';
import * as z from 'zod';

/**
 * What a host's tailscaled says of itself. `joined`: it has a node key and the control server sees it. `fresh`: it has no node
 * key, so it may be given an auth key. `refused`: it has a node key that the control server no longer takes. `stopped`: it
 * is joined and was turned off. `unknown`: the control server cannot be asked; its peers may well still reach it.
 * `no-daemon`: there is none that answers.
 */
export type NodeState = 'joined' | 'fresh' | 'refused' | 'stopped' | 'unknown' | 'no-daemon';

/** A host's own place in its tailnet. */
export interface TailnetNode {
  readonly state: NodeState;
  /** The first label of its name in the tailnet. Another than the one that was asked for, when that was taken. */
  readonly name: string | undefined;
  readonly addresses: readonly string[];
  /** Why it is in this state, in tailscaled's own words where it has some. */
  readonly reason: string;
}

/** What every look at a node takes. */
export interface LookOptions {
  /** The daemon's socket. Default: that of the system's tailscaled. */
  readonly socket?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const peerSchema = z.object({
  HostName: z.string().default(''),
  DNSName: z.string().default(''),
  OS: z.string().default(''),
  Online: z.boolean().default(false),
  TailscaleIPs: z.array(z.string()).nullish(),
});

const statusSchema = z.object({
  BackendState: z.string(),
  HaveNodeKey: z.boolean().default(false),
  Self: peerSchema.nullish(),
  Health: z.array(z.string()).nullish(),
  Peer: z.record(z.string(), peerSchema).nullish(),
});

type Status = z.infer<typeof statusSchema>;

/** argv of a tailscale command for the daemon behind `socket`. */
export function tailscale(socket: string | undefined, ...argv: readonly string[]): string[] {
  return ['tailscale', ...(socket === undefined ? [] : [`--socket=${socket}`]), ...argv];
}

/** Asks tailscaled on the host; it asks the control server nothing, and changes nothing. */
export async function tailnetNode(host: Host, { socket, signal }: LookOptions): Promise<TailnetNode> {
  const status = await readStatus(host, { socket, signal }, false);
  if (typeof status === 'string')
    return { state: 'no-daemon', name: undefined, addresses: [], reason: status };
  const { Self: self } = status;
  return {
    ...stateOf(status),
    name: firstLabel(self?.DNSName ?? ''),
    addresses: self?.TailscaleIPs ?? [],
  };
}

/** Who has `name` in the tailnet, as this host sees it, e.g. `pi (linux, 100.64.0.3, offline)`. */
export async function holderOf(name: string, host: Host, options: LookOptions): Promise<string | undefined> {
  const status = await readStatus(host, options, true);
  if (typeof status === 'string') return undefined;
  const peer = Object.values(status.Peer ?? {}).find(({ DNSName }) => firstLabel(DNSName) === name);
  if (peer === undefined) return undefined;
  const facts = [peer.OS, ...(peer.TailscaleIPs ?? []).slice(0, 1), peer.Online ? 'online' : 'offline'];
  return `${peer.HostName} (${facts.filter((fact) => fact !== '').join(', ')})`;
}

/** @returns a text where there is no daemon to ask: what is in the way. */
async function readStatus(
  host: Host,
  { socket, signal }: LookOptions,
  peers: boolean,
): Promise<Status | string> {
  // Of a command that is missing a transport says so in its own way; a shell says it with 127 and its name.
  const argv = ['sh', '-c', 'exec "$@"', 'sh', ...tailscale(socket, 'status', '--json', `--peers=${peers}`)];
  const { exitCode, stdout, stderr } = await host.run(argv, { reject: false, timeout: 20_000, signal });
  if (exitCode === 127)
    return `${host.name} has no tailscale; its image needs services.tailscale.enable = true`;
  // A daemon that is down leaves stdout empty.
  if (stdout.trim() === '') return `tailscaled on ${host.name} does not answer: ${lastLine(stderr)}`;
  return statusSchema.parse(JSON.parse(stdout));
}

/**
 * What the health adds where the login got no answer. A tailscaled that starts while its control server is down, or before the
 * machine's network is up, calls itself logged out as well: `You are logged out. The last login error was: fetch control key:
 * Get "https://…": dial tcp …`.
 */
const unanswered =
  /fetch control key|\b(?:Get|Post) "https?:|\bdial (?:tcp|udp)\b|connection attempts|context (?:deadline|canceled)|http 5\d\d/i;

function stateOf({ BackendState: state, HaveNodeKey, Self, Health }: Status): {
  readonly state: NodeState;
  readonly reason: string;
} {
  const health = (Health ?? []).join('; ');
  const said = health === '' ? `its state is ${state}` : `its state is ${state}: ${health}`;
  if (!HaveNodeKey) return { state: 'fresh', reason: said };
  if (state === 'Stopped') return { state: 'stopped', reason: said };
  const loggedOut = /logged out/i.test(health) && !unanswered.test(health);
  if (state === 'NeedsLogin' || loggedOut) return { state: 'refused', reason: said };
  if (state === 'Running' && Self?.Online === true) return { state: 'joined', reason: said };
  return { state: 'unknown', reason: `its control server does not answer it, ${said}` };
}

function firstLabel(dnsName: string): string | undefined {
  const [label = ''] = dnsName.split('.');
  return label === '' ? undefined : label;
}

/** The last line of what a command said, e.g. its error. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
