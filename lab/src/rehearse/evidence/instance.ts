import type { IncusScope } from '@cutover/incus-client';
import { answer, demand, type Facts, output, type Scene } from './evidence.ts';

/** The instance was made in its project by the restricted certificate, from the alias, as declared, cloud-init applied. */
export async function instanceAsDeclared(scene: Scene, scope: IncusScope): Promise<Facts> {
  const { settings, target, signal } = scene;
  const found = await scope.instances.get(settings.name, { signal });
  const alias = await scope.images.getAlias(settings.instance.image, { signal });
  demand(found.project === settings.incus.project, 'the instance is in the project of the config', {
    project: found.project,
  });
  demand(found.config['limits.memory'] === '2GiB', 'it has 2 GiB', { memory: found.config['limits.memory'] });
  demand(found.config['limits.cpu'] === '2', 'it has 2 CPUs', { cpus: found.config['limits.cpu'] });
  demand(found.config['volatile.base_image'] === alias.target, 'it was made from the image alias', {
    alias: alias.target,
  });
  const certificates = await scope.certificates.list({ signal });
  const restricted = certificates.filter(
    (one) => one.restricted && one.projects.includes(settings.incus.project),
  );
  demand(
    certificates.length === restricted.length && restricted.length > 0,
    'the only trusted certificate is restricted',
  );
  const hostname = await output(target, ['hostname'], signal);
  demand(hostname === settings.name, 'cloud-init set the host name', { hostname });
  const cloudInit = await answer(target, ['cloud-init', 'status'], signal);
  demand(cloudInit.includes('done'), 'cloud-init is done', { cloudInit });
  const provenance: Record<string, unknown> = JSON.parse(
    await output(target, ['cat', '/etc/nixos/provenance/instance.json'], signal),
  );
  demand(
    provenance['fingerprint'] === alias.target &&
      provenance['created'] === found.created_at &&
      typeof provenance['operation'] === 'string' &&
      restricted.some(({ fingerprint }) => fingerprint === provenance['certificate']),
    'its repository says which image, operation and certificate made it, and when',
    provenance,
  );
  return {
    project: found.project,
    image: alias.target.slice(0, 12),
    memory: found.config['limits.memory'],
    cpus: found.config['limits.cpu'],
    disk: found.expanded_devices['root']?.['size'],
    certificate: restricted[0]?.name,
  };
}

/** What would differ if the instance had been made again or changed. */
export async function instanceIdentity({ settings, signal }: Scene, scope: IncusScope): Promise<string> {
  const { value, etag } = await scope.instances.getTagged(settings.name, { signal });
  return JSON.stringify([value.created_at, value.config['volatile.uuid'], etag]);
}
