import { type Host, localHost, sshHost, type SshHostOptions } from '@cutover/host';

import { DeployOptionsError } from '../errors.ts';
import type { FleetMember } from '../fleet/deploy-fleet.ts';
import type { DeployOptions } from '../options.ts';
import { type Target, targetOf } from '../target/target.ts';
import type { DeployConfig, SshConfig, TargetConfig } from './schema.ts';

/**
 * The targets of a config that are named, each with its options; all of them where none is named.
 *
 * @throws {DeployOptionsError} there is no target of that name.
 */
export function membersOf(config: DeployConfig, names: readonly string[] = []): readonly FleetMember[] {
  const chosen = names.length === 0 ? Object.keys(config.targets) : names;
  return chosen.map((name) => {
    const target = config.targets[name];
    if (target !== undefined) return memberFrom(name, withDefaults(config, target));
    const known = Object.keys(config.targets).join(', ') || 'none';
    throw new DeployOptionsError(`there is no target ${name} in the config file; its targets are: ${known}`);
  });
}

/** A target's own source stands in place of the default one, of whichever kind that is. */
export function withDefaults({ defaults = {} }: DeployConfig, target: TargetConfig): TargetConfig {
  const { flake, storePath, ...rest } = defaults;
  const ownSource = target.flake !== undefined || target.storePath !== undefined;
  const merged = { ...rest, ...(ownSource ? {} : { flake, storePath }) };
  const own = Object.entries(target).filter(([, value]) => value !== undefined);
  return { ...merged, ...Object.fromEntries(own) };
}

function memberFrom(name: string, config: TargetConfig): FleetMember {
  const { ssh, machineId, hostName, buildOn, flake, storePath, configuration, healthChecks, ...rest } =
    config;
  const options: DeployOptions = {
    ...rest,
    // A target may be listed without a source: its generations can be read all the same.
    source: storePath === undefined ? { flake: flake ?? '.', configuration } : { storePath },
    buildOn: typeof buildOn === 'object' ? targetFrom(`${name}'s builder`, buildOn.ssh) : buildOn,
    expect: { machineId, hostName },
    healthChecks: healthChecks ?? [],
  };
  return { target: targetFrom(name, ssh), options };
}

function targetFrom(name: string, ssh: SshConfig | undefined): Target {
  if (ssh === undefined) return { ...targetOf(localHost({ name })), name };
  return {
    name,
    connect: (): Promise<Host> => Promise.resolve(sshHost({ ...sshOptions(ssh), name })),
  };
}

function sshOptions({ socks5, jump, ...ssh }: SshConfig): SshHostOptions {
  return {
    host: ssh.host,
    port: ssh.port,
    user: ssh.user ?? 'root',
    privateKeyFile: ssh.privateKey,
    agent: ssh.privateKey === undefined ? process.env['SSH_AUTH_SOCK'] : undefined,
    hostKeys: ssh.hostKeys,
    knownHostsFile: ssh.knownHosts,
    proxy: socks5 && { socks5 },
    jump: jump && sshOptions(jump),
  };
}
