import { parseSize } from '@cutover/foundation/size';
import { IncusApiError } from '@cutover/incus-client';
import { instanceLabel } from '../new-host/instance.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** The Incus server lets us in, has the project and the image, room for the instance, and its name is free or ours. */
export function incusChecks(world: World): Check[] {
  const { settings } = world;
  const { name, instance } = settings;
  const { url, project, certificate } = settings.incus;
  return [
    {
      name: 'incus server',
      async look(signal) {
        const incus = await world.incus(signal);
        const server = await incus.server.get({ signal });
        const evidence = { url, version: server.environment?.server_version ?? null, auth: server.auth };
        return server.auth === 'trusted'
          ? good(evidence)
          : bad(
              `${url} does not trust ${certificate}; add it to the server's trust store for project ${project}`,
              evidence,
            );
      },
    },
    {
      name: 'incus project',
      async look(signal) {
        const incus = await world.incus(signal);
        const found = await incus.projects.get(project, { signal });
        const needs: [limit: string, wanted: number][] = [
          ['limits.memory', mebibytes(instance.memory)],
          ['limits.disk', mebibytes(instance.disk)],
          ['limits.cpu', instance.cpus],
          ['limits.instances', 1],
        ];
        const tight = needs.filter(([limit, wanted]) => {
          const set = found.config[limit];
          return set !== undefined && set !== '' && amount(set) < wanted;
        });
        return tight.length === 0
          ? good({ project })
          : bad(
              `project ${project} allows too little for this instance: ${tight.map(([limit]) => limit).join(', ')}`,
            );
      },
    },
    {
      name: 'image alias',
      async look(signal) {
        const incus = await world.incus(signal);
        try {
          const alias = await incus.images.getAlias(instance.image, { signal });
          if (alias.type !== instance.type) {
            return bad(
              `image alias ${instance.image} is of a ${alias.type}, and the config asks for a ${instance.type}`,
            );
          }
          const { properties } = await incus.images.get(alias.target, { signal });
          const problem = secureBootProblem(properties, instance.config);
          if (problem !== undefined) return bad(`image alias ${instance.image} ${problem}`);
          return good({ alias: instance.image, fingerprint: alias.target });
        } catch (error) {
          if (!(error instanceof IncusApiError) || error.status !== 404) throw error;
          return bad(
            `project ${project} on ${url} has no image alias ${instance.image}; import the image or name another`,
          );
        }
      },
    },
    {
      name: 'instance name',
      async look(signal) {
        const incus = await world.incus(signal);
        if (!(await incus.instances.exists(name, { signal }))) return good({ name, state: 'free' });
        const { config } = await incus.instances.get(name, { signal });
        const ours = Object.entries(instanceLabel(settings)).every(([key, value]) => config[key] === value);
        return ours
          ? good({ name, state: 'ours' })
          : bad(
              `the name ${name} is taken in project ${project} by an instance that this cutover did not make; choose another name`,
            );
      },
    },
  ];
}

/** An image whose boot loader is not signed says so, and Incus refuses it where the instance does not agree. */
export function secureBootProblem(
  properties: Readonly<Record<string, string>>,
  config: Readonly<Record<string, string>>,
): string | undefined {
  const needed = properties['requirements.secureboot'];
  if (needed !== 'false' || config['security.secureboot'] === 'false') return undefined;
  return 'boots without secure boot only; add to the config: instance: { config: { security.secureboot: "false" } }';
}

/** The mebibytes of a size of the config. */
function mebibytes(size: string): number {
  return (parseSize(size) ?? 0) / 2 ** 20;
}

/** A limit's number: MiB for sizes, the count itself otherwise. */
function amount(limit: string): number {
  const [, number = '0', unit = ''] = /^(\d+)\s*([KMGT]?i?B)?$/.exec(limit) ?? [];
  const factors: Record<string, number> = {
    '': 1,
    KiB: 1 / 1024,
    MiB: 1,
    GiB: 1024,
    TiB: 1024 * 1024,
    MB: 0.95,
    GB: 954,
    TB: 931_323,
  };
  return Number(number) * (factors[unit] ?? 0);
}
