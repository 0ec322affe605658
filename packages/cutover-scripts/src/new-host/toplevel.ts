import type { Host } from '@cutover/host';
import * as z from 'zod';
import type { World } from '../world/world.ts';

/** Where the new host has its own configuration: a clone that a person there can build from, too. */
export const configurationFolder = '/etc/nixos';

const bundleFile = '/var/lib/cutover/configuration.bundle';

/**
 * Brings the new host's configuration folder to the forge's head. It travels as a git bundle over the connection that
 * is there: the host need not reach the forge for it.
 *
 * @returns the commit.
 */
export async function sendConfiguration(
  { configuration, target: connect }: World,
  signal: AbortSignal,
): Promise<string> {
  const target = await connect(signal);
  const bundle = await configuration.bundle(signal);
  const git = ['git', '-C', configurationFolder];
  await target.run(['install', '-d', '-m', '0755', '/var/lib/cutover', configurationFolder], { signal });
  await target.writeFile(bundleFile, bundle, { mode: 0o600, signal });
  await target.run(['git', 'init', '--quiet', '--initial-branch=main', configurationFolder], { signal });
  await target.run([...git, 'fetch', '--quiet', bundleFile, configuration.branch], { signal });
  await target.run([...git, 'reset', '--quiet', '--hard', 'FETCH_HEAD'], { signal });
  const remote = await target.run([...git, 'remote'], { signal });
  const verb = remote.stdout.includes('origin') ? 'set-url' : 'add';
  await target.run([...git, 'remote', verb, 'origin', configuration.url], { signal });
  await target.run(['rm', '-f', bundleFile], { signal });
  return (await target.run([...git, 'rev-parse', 'HEAD'], { signal })).stdout.trim();
}

/** What a host has deployed, boots and runs. */
export interface DeployedSystems {
  /** The commit of the configuration that was deployed last, or null. */
  readonly commit: string | null;
  /** The store path that was built from it. */
  readonly system: string | null;
  /** The store path that the system profile points at. */
  readonly profile: string | null;
  /** The store path that runs. */
  readonly current: string | null;
}

const deployedFile = '/var/lib/cutover/deployed.json';
const deployedSchema = z.object({ commit: z.string(), system: z.string() });

/** Asks the host; a host that has had no deploy has nulls. */
export async function deployedSystems(host: Host, signal: AbortSignal): Promise<DeployedSystems> {
  const [record, profile, current] = await Promise.all([
    host.run(['cat', deployedFile], { reject: false, signal }),
    storePath(host, '/nix/var/nix/profiles/system', signal),
    storePath(host, '/run/current-system', signal),
  ]);
  const deployed = record.exitCode === 0 ? deployedSchema.parse(JSON.parse(record.stdout)) : undefined;
  return { commit: deployed?.commit ?? null, system: deployed?.system ?? null, profile, current };
}

/** Leaves on the host which commit its system was built from. */
export async function recordDeployed(
  host: Host,
  deployed: { readonly commit: string; readonly system: string },
  signal: AbortSignal,
): Promise<void> {
  await host.writeFile(deployedFile, `${JSON.stringify(deployed)}\n`, { mode: 0o644, signal });
}

async function storePath(host: Host, link: string, signal: AbortSignal): Promise<string | null> {
  const { exitCode, stdout } = await host.run(['readlink', '-e', link], { reject: false, signal });
  return exitCode === 0 ? stdout.trim() : null;
}
