import type { IncusScope } from '../client.ts';
import type { WaitOptions } from '../follow/operation-run.ts';
import type { Devices, InstanceConfig } from '../instances/config-types.ts';
import { pull } from './pull.ts';

/** How an instance is copied from one server to another. */
export interface MigrateOptions extends WaitOptions {
  /** What it is called on the other server; default: the same name. */
  readonly name?: string | undefined;
  /** With its memory, running. */
  readonly live?: boolean | undefined;
  /** Without snapshots. */
  readonly instanceOnly?: boolean | undefined;
  /** Where the new server reaches the old one, if not at the address that this client uses: `https://host:port`. */
  readonly sourceUrl?: string | undefined;
  readonly config?: InstanceConfig | undefined;
  readonly devices?: Devices | undefined;
  readonly profiles?: readonly string[] | undefined;
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
              'base-image': baseImage,
            },
          },
          wait,
        ),
    },
    wait,
  );
}

/** Facts of the one server that mean nothing on another. */
function withoutVolatile(config: InstanceConfig): InstanceConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => !key.startsWith('volatile.') || key === 'volatile.base_image'),
  );
}
