import { readFile } from 'node:fs/promises';

import { type Host, localHost, sshHost, type SshHostOptions } from '@cutover/host';

import type { FleetMember } from '../fleet/deploy-fleet.ts';
import type { HealthCheck } from '../health/check.ts';
import type { DeployOptions } from '../options.ts';
import type { Source } from '../source.ts';
import { type Target, targetOf } from '../target/target.ts';
import { parseDuration } from './duration.ts';
import { ConfigError } from './load.ts';
import type { DeployConfig, HealthCheckConfig, SshConfig, TargetConfig } from './schema.ts';

/** The targets of a config, or those of them that are named, each with its options. */
export function membersOf(
  config: DeployConfig,
  names: readonly string[],
  path: string,
): readonly FleetMember[] {
  const chosen = names.length === 0 ? Object.keys(config.targets) : names;
  return chosen.map((name) => {
    const own = config.targets[name];
    if (own === undefined) {
      throw new ConfigError(
        path,
        `there is no target ${name}; there are ${Object.keys(config.targets).join(', ')}`,
      );
    }
    return member(name, { ...config.defaults, ...own }, path);
  });
}

/** One target from its settings, defaults included. */
export function member(name: string, config: TargetConfig, path: string): FleetMember {
  return { target: targetFrom(name, config.ssh), options: optionsFrom(name, config, path) };
}

function targetFrom(name: string, ssh: SshConfig | undefined): Target {
  if (ssh === undefined) return { ...targetOf(localHost({ name })), name };
  return { name, connect: async () => await openSsh(name, ssh) };
}

async function openSsh(name: string, ssh: SshConfig): Promise<Host> {
  return sshHost({ ...(await sshOptions(ssh)), name });
}

async function sshOptions({ jump, ...config }: SshConfig): Promise<SshHostOptions> {
  const { socksProxy } = config;
  const agent = process.env['SSH_AUTH_SOCK'];
  return {
    host: config.host,
    user: config.user ?? 'root',
    ...(config.port === undefined ? {} : { port: config.port }),
    ...(config.identityFile === undefined
      ? agent === undefined
        ? {}
        : { agent }
      : { privateKey: await readFile(config.identityFile) }),
    ...(config.hostKeys === undefined ? {} : { hostKeys: config.hostKeys }),
    ...(config.knownHostsFile === undefined ? {} : { knownHostsFile: config.knownHostsFile }),
    ...(socksProxy === undefined
      ? {}
      : {
          proxy: {
            socks5: {
              host: socksProxy.host,
              ...(socksProxy.port === undefined ? {} : { port: socksProxy.port }),
            },
          },
        }),
    ...(jump === undefined ? {} : { jump: await sshOptions(jump) }),
  };
}

function optionsFrom(name: string, config: TargetConfig, path: string): DeployOptions {
  const { machineId, hostName, buildOn, confirmTimeout, activationTimeout } = config;
  return {
    source: sourceFrom(name, config, path),
    ...defined({
      profile: config.profile,
      specialisation: config.specialisation,
      buildOn: typeof buildOn === 'object' ? targetFrom(`${name}'s builder`, buildOn.ssh) : buildOn,
      evaluateOn: config.evaluateOn,
      engine: config.engine,
      substitute: config.substitute,
      requireSignatures: config.requireSignatures,
      sudo: config.sudo,
      nixOptions: config.nixOptions,
      confirmTimeout: milliseconds(confirmTimeout),
      activationTimeout: milliseconds(activationTimeout),
    }),
    expect: defined({ machineId, hostName }),
    healthChecks: (config.healthChecks ?? []).map(checkFrom),
  };
}

/** A target may be listed without a source: its generations can be read all the same. */
function sourceFrom(name: string, { flake, storePath, configuration }: TargetConfig, path: string): Source {
  if (flake !== undefined && storePath !== undefined) {
    throw new ConfigError(path, `targets.${name} has both a flake and a storePath`);
  }
  if (storePath !== undefined) return { storePath };
  return { flake: flake ?? '.', ...defined({ configuration }) };
}

function checkFrom(check: HealthCheckConfig): HealthCheck {
  const { timeout, ...rest } = check;
  return defined({ ...rest, timeout: milliseconds(timeout) });
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

type Defined<T> = T extends unknown
  ? { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
      [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
    }
  : never;

/** Leaves out what is undefined. */
function defined<T extends object>(values: T): Defined<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type says exactly what the filter does
  return Object.fromEntries(entries) as Defined<T>;
}
