import type { IncusScope } from '../client.ts';
import { pull } from '../migration/pull.ts';
import type { OperationRun, WaitOptions } from '../operations/operation-run.ts';
import type { Scope } from '../scope.ts';
import { path } from '../transport/path.ts';
import type { InstanceConfig, Devices } from './config-types.ts';
import type { InstanceSource } from './types.ts';

/** How an instance is copied. */
export interface CopyOptions extends WaitOptions {
  /** The project of the source, where it is another one than the copy's. */
  readonly sourceProject?: string;
  /** Without snapshots. */
  readonly instanceOnly?: boolean;
  /** Bring an earlier copy up to date. */
  readonly refresh?: boolean;
  readonly config?: InstanceConfig;
  readonly devices?: Devices;
  readonly profiles?: readonly string[];
}

/** Copies an instance, or with `source/snapshot` a snapshot, within one server. */
export function copyInstance(
  scope: Scope,
  source: string,
  name: string,
  options: CopyOptions,
): OperationRun<void> {
  const { sourceProject, instanceOnly, refresh, config, devices, profiles, ...wait } = options;
  const from: InstanceSource = {
    type: 'copy',
    source,
    ...(sourceProject !== undefined && { project: sourceProject }),
    ...(instanceOnly !== undefined && { instance_only: instanceOnly }),
    ...(refresh !== undefined && { refresh }),
  };
  return scope.start(
    'POST',
    '/1.0/instances',
    { ...wait, json: { name, source: from, config, devices, profiles } },
    () => {},
  );
}

/** How an instance is copied from one server to another. */
export interface MigrateOptions extends WaitOptions {
  /** What it is called on the other server; the same name without it. */
  readonly name?: string;
  /** With its memory, running. */
  readonly live?: boolean;
  /** Without snapshots. */
  readonly instanceOnly?: boolean;
  /** Where the new server reaches the old one, if not at the address that this client uses: `https://host:port`. */
  readonly sourceUrl?: string;
  readonly config?: InstanceConfig;
  readonly devices?: Devices;
  readonly profiles?: readonly string[];
}

/**
 * Copies an instance to another server, which pulls it from this one: bytes go between the two servers, not through us.
 * The source stays; delete it once the copy is known to be good.
 *
 * @throws {OperationError} either side failed.
 */
export async function migrateInstance(
  from: IncusScope,
  source: string,
  to: IncusScope,
  options: MigrateOptions = {},
): Promise<void> {
  const {
    name = source,
    live = false,
    instanceOnly = false,
    sourceUrl = from.address,
    config,
    devices,
    profiles,
    ...wait
  } = options;
  const instance = await from.instances.get(source, wait);
  const baseImage = instance.config['volatile.base_image'];
  await pull(
    {
      from,
      sourceUrl,
      offer: () => from.instances.offerMigration(source, { live, instanceOnly }, wait),
      receive: (offered) =>
        to.instances.create(
          {
            name,
            type: instance.type,
            architecture: instance.architecture,
            config: { ...withoutVolatile(instance.config), ...config },
            devices: devices ?? instance.devices,
            profiles: profiles ?? instance.profiles,
            ephemeral: instance.ephemeral,
            source: {
              ...offered,
              live,
              instance_only: instanceOnly,
              ...(baseImage !== undefined && { 'base-image': baseImage }),
            },
          },
          wait,
        ),
    },
    wait,
  );
}

/** Asks the source to offer itself; the operation's metadata holds a secret for each channel. */
export function offerMigration(
  scope: Scope,
  instance: string,
  { live, instanceOnly }: { readonly live: boolean; readonly instanceOnly: boolean },
  options: WaitOptions,
): OperationRun<void> {
  const json = { migration: true, live, instance_only: instanceOnly };
  return scope.start('POST', path`/1.0/instances/${instance}`, { ...options, json }, () => {});
}

/** Facts of the one server that mean nothing on another. */
function withoutVolatile(config: InstanceConfig): InstanceConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => !key.startsWith('volatile.') || key === 'volatile.base_image'),
  );
}
