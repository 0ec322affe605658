import { type Host, localHost, parseDestination, sshHost, type SshHostOptions } from '@cutover/host';

import { DeployOptionsError } from '../errors.ts';
import type { Place } from '../build/places.ts';
import type { FleetMember } from '../fleet/deploy-fleet.ts';
import type { DeployOptions } from '../options.ts';
import { splitFlake } from '../source.ts';
import { type Target, targetOf } from '../target/target.ts';
import { chooseTargets } from './choose-targets.ts';
import { absoluteFlake, isLocalFlake } from './local-flake.ts';
import { askOpenSsh } from './openssh.ts';
import type { DeployConfig, SshConfig, TargetConfig } from './schema.ts';

/**
 * The targets of a config that are named, by a name, `@tag` or a pattern such as `web*`, each with its options; all of them
 * where none is named.
 *
 * @throws {DeployOptionsError} there is no such target.
 */
export function membersOf(config: DeployConfig, names: readonly string[] = []): readonly FleetMember[] {
  return chooseTargets(config, names).flatMap((name) => {
    const target = config.targets[name];
    return target === undefined ? [] : [memberFrom(name, withDefaults(config, target), config)];
  });
}

/** A target's own source stands in place of the default one, of whichever kind that is. */
export function withDefaults({ defaults = {} }: DeployConfig, target: TargetConfig): TargetConfig {
  const { flake, storePath, ...rest } = spelledOut(defaults);
  const ownSource = target.flake !== undefined || target.storePath !== undefined;
  const merged = { ...rest, ...(ownSource ? {} : { flake, storePath }) };
  const own = Object.entries(spelledOut(target)).filter(([, value]) => value !== undefined);
  return { ...merged, ...Object.fromEntries(own) };
}

/** With the configuration that the flake names after its `#` as a field of its own. */
function spelledOut<T extends Pick<TargetConfig, 'flake' | 'configuration'>>(fields: T): T {
  return fields.flake === undefined ? fields : { ...fields, ...splitFlake(fields.flake) };
}

function memberFrom(
  name: string,
  config: TargetConfig,
  { targets }: Pick<DeployConfig, 'targets'>,
): FleetMember {
  const {
    ssh,
    machineId,
    hostName,
    flake = '.',
    storePath,
    configuration,
    healthChecks,
    tags: _tags,
    ...rest
  } = config;
  const { buildOn, engine } = rest;
  // A path that is relative is one of this machine, and is evaluated here; a builder elsewhere gets the derivations.
  const isLocal = storePath === undefined && isLocalFlake(flake);
  const evaluateHere = isLocal && engine !== 'nixos-rebuild' ? ('here' as const) : undefined;
  const options: DeployOptions = {
    ...rest,
    // A target may be listed without a source: its generations can be read all the same.
    source:
      storePath === undefined ? { flake: absoluteFlake(flake, process.cwd()), configuration } : { storePath },
    buildOn: placeFrom(buildOn, `${name}'s builder`, targets),
    evaluateOn: config.evaluateOn ?? evaluateHere,
    expect: { machineId, hostName },
    healthChecks: healthChecks ?? [],
  };
  return { target: targetFrom(name, ssh), options };
}

function placeFrom(
  buildOn: TargetConfig['buildOn'],
  name: string,
  targets: DeployConfig['targets'],
): Place | undefined {
  if (typeof buildOn === 'object') return targetFrom(name, buildOn.ssh);
  if (buildOn === undefined || buildOn === 'target' || buildOn === 'here') return buildOn;
  const builder = targets[buildOn];
  if (builder === undefined) throw new DeployOptionsError(`there is no target ${buildOn} to build on`);
  return builder.ssh === undefined ? 'here' : targetFrom(buildOn, builder.ssh);
}

function targetFrom(name: string, ssh: SshConfig | undefined): Target {
  if (ssh === undefined) return { ...targetOf(localHost({ name })), name };
  return {
    name,
    connect: async (signal): Promise<Host> => sshHost({ ...(await sshOptions(ssh, signal)), name }),
  };
}

/** What the config leaves out, the user's OpenSSH configuration may say. */
async function sshOptions(ssh: SshConfig, signal: AbortSignal | undefined): Promise<SshHostOptions> {
  const { socks5 } = ssh;
  const known = await askOpenSsh(ssh.host, { signal });
  const agent = ssh.privateKey === undefined ? process.env['SSH_AUTH_SOCK'] : undefined;
  const identityFile = agent === undefined ? known?.identityFile : undefined;
  const jump = ssh.jump ?? (socks5 === undefined ? jumpFrom(known?.jump) : undefined);
  return {
    host: known?.hostName ?? ssh.host,
    port: ssh.port ?? known?.port,
    user: ssh.user ?? 'root',
    privateKeyFile: ssh.privateKey ?? identityFile,
    agent,
    hostKeys: ssh.hostKeys,
    hostKeyAlias: known?.hostKeyAlias,
    knownHostsFile: ssh.knownHosts,
    proxy: socks5 && { socks5 },
    jump: jump && (await sshOptions(jump, signal)),
  };
}

/** The last of `ProxyJump`'s hosts, which is reached through those before it. */
function jumpFrom(list: string | undefined): SshConfig | undefined {
  if (list === undefined) return undefined;
  const comma = list.lastIndexOf(',');
  const { destination } = parseDestination(list.slice(comma + 1));
  if (destination === undefined) return undefined;
  return { ...destination, ...(comma === -1 ? {} : { jump: jumpFrom(list.slice(0, comma)) }) };
}
