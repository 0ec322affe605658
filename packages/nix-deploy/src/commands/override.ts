import { ConfigError } from '../config/load.ts';
import { type DeployConfig, deployConfig, type SshConfig, type TargetConfig } from '../config/schema.ts';
import type { SharedOptions } from './options.ts';

/** The config with what the command line says in its place. @throws {ConfigError} something that cannot be meant. */
export function override(
  config: DeployConfig,
  adHoc: readonly string[],
  options: SharedOptions,
): DeployConfig {
  const said = Object.fromEntries(
    Object.entries({
      flake: options.flake,
      configuration: options.configuration,
      storePath: options.storePath,
      buildOn: options.buildOn === undefined ? undefined : placeOf(options.buildOn, config, options),
      evaluateOn: options.evaluateOn,
      engine: options.engine,
      profile: options.profile,
      sudo: options.sudo,
      confirmTimeout: options.confirmTimeout,
    }).filter(([, value]) => value !== undefined),
  );
  const sourceSaid = options.flake !== undefined || options.storePath !== undefined;
  const targets = Object.entries(config.targets).map(([name, target]) => {
    const { flake, storePath, ...rest } = { ...config.defaults, ...target };
    const source = sourceSaid ? {} : { flake, storePath };
    return [name, { ...rest, ...source, ...said }];
  });
  const extra = adHoc.map((name) => [name.replace(/[@:]/g, '-'), { ...said, ssh: sshOf(name, options) }]);
  const parsed = deployConfig.safeParse({
    ...config,
    defaults: undefined,
    targets: Object.fromEntries([...targets, ...extra]),
  });
  if (parsed.success) return rename(parsed.data, adHoc);
  throw new ConfigError('command line', parsed.error.issues.map(({ message }) => message).join('; '));
}

/** Targets of the command line are called as they were written there. */
function rename(config: DeployConfig, adHoc: readonly string[]): DeployConfig {
  const targets = { ...config.targets };
  for (const name of adHoc) {
    const key = name.replace(/[@:]/g, '-');
    const target = targets[key];
    if (target === undefined) continue;
    delete targets[key];
    targets[name] = target;
  }
  return { ...config, targets };
}

/** Where to build, in the words of the config file. */
function placeOf(name: string, { targets }: DeployConfig, options: SharedOptions): TargetConfig['buildOn'] {
  if (name === 'target' || name === 'here') return name;
  if (name.includes('@')) return { ssh: sshOf(name, options) };
  const target = targets[name];
  if (target === undefined) {
    throw new ConfigError(
      'command line',
      `--build-on ${name} is neither target, here, a name in the config file, nor user@host[:port]`,
    );
  }
  return target.ssh === undefined ? 'here' : { ssh: target.ssh };
}

function sshOf(name: string, { identity, knownHosts }: SharedOptions): SshConfig {
  const found = /^([^@\s]+)@(\[[^\]]+\]|[^:\s]+)(?::(\d+))?$/.exec(name);
  if (found === null) throw new ConfigError('command line', `${name} is not user@host[:port]`);
  const [, user = '', host = '', port] = found;
  return {
    host: host.replace(/^\[|\]$/g, ''),
    user,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(identity === undefined ? {} : { identityFile: identity }),
    ...(knownHosts === undefined ? {} : { knownHostsFile: knownHosts }),
  };
}
