import { formatSize, parseSize } from '@cutover/foundation/size';
import { IncusApiError, type ProjectState } from '@cutover/incus-client';
import type { CutoverSettings } from '../config/schema.ts';
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
        const [{ resources }, exists] = await Promise.all([
          incus.projects.state(project, { signal }),
          incus.instances.exists(name, { signal }),
        ]);
        const tight = tooTight(resources, instance, exists);
        return tight.length === 0
          ? good({ project })
          : bad(`project ${project} has too little left for this instance: ${tight.join('; ')}`);
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

/** What a project's limits leave too little of, for an instance that is in its usage already when it `exists`. */
export function tooTight(
  resources: ProjectState['resources'],
  { memory, disk, cpus, type }: Pick<CutoverSettings['instance'], 'memory' | 'disk' | 'cpus' | 'type'>,
  exists: boolean,
): string[] {
  const needs: Readonly<Record<string, number>> = {
    memory: parseSize(memory) ?? 0,
    disk: parseSize(disk) ?? 0,
    cpu: cpus,
    instances: 1,
    [type === 'container' ? 'containers' : 'virtual-machines']: 1,
  };
  return Object.entries(needs).flatMap(([what, needed]) => {
    const { Limit: limit, Usage: used } = resources[what] ?? { Limit: -1, Usage: 0 };
    const more = exists ? 0 : needed;
    if (limit < 0 || used + more <= limit) return [];
    const amount = what === 'memory' || what === 'disk' ? formatSize : String;
    return [
      `limits.${what} is ${amount(limit)}, of which ${amount(used)} is used, and it takes ${amount(more)}`,
    ];
  });
}
