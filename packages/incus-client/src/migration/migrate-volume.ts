import type { IncusScope } from '../client.ts';
import { pull } from './pull.ts';
import type { WaitOptions } from '../follow/operation-run.ts';

/** A custom volume of a server, by its pool and name. */
export interface VolumePlace {
  readonly pool: string;
  readonly name: string;
}

/** How a custom volume is copied from one server to another. */
export interface MigrateVolumeOptions extends WaitOptions {
  /** Without snapshots. */
  readonly volumeOnly?: boolean | undefined;
  /** Bring an earlier copy up to date. */
  readonly refresh?: boolean | undefined;
  /** Where the new server reaches the old one, if not at the address that this client uses: `https://host:port`. */
  readonly sourceUrl?: string | undefined;
  /** Instead of the source's. */
  readonly config?: Readonly<Record<string, string>> | undefined;
}

/**
 * Copies a custom volume to another server, which pulls it from this one: bytes go between the two servers, not through us.
 * The source stays; delete it once the copy is known to be good.
 *
 * @throws {OperationError} either side failed.
 */
export async function migrateVolume(
  from: IncusScope,
  source: VolumePlace,
  to: IncusScope,
  target: VolumePlace,
  options: MigrateVolumeOptions = {},
): Promise<void> {
  const { volumeOnly = false, refresh = false, sourceUrl = from.address, config, ...wait } = options;
  const volumes = from.storagePools.volumes(source.pool);
  const volume = await volumes.get(source.name, 'custom', wait);
  await pull(
    {
      from,
      sourceUrl,
      offer: () => volumes.offerMigration(source.name, { volumeOnly }, wait),
      receive: (offered) =>
        to.storagePools.volumes(target.pool).create(
          {
            name: target.name,
            content_type: volume.content_type,
            description: volume.description,
            config: config ?? withoutVolatile(volume.config),
            source: { ...offered, volume_only: volumeOnly, refresh },
          },
          wait,
        ),
    },
    wait,
  );
}

/** Facts of the one server that mean nothing on another. */
function withoutVolatile(config: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith('volatile.')));
}
