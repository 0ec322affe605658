import type { Instance, InstanceCreate, Label } from '@cutover/incus-client';
import { stringify } from 'yaml';
import type { CutoverSettings } from '../config/schema.ts';

/** What marks an instance as this cutover's: one that bears it is adopted, one that does not is not ours. */
export function instanceLabel({ name }: CutoverSettings): Label {
  return { 'user.cutover.name': name };
}

/** What to ask the Incus server for. */
export function instanceRequest(settings: CutoverSettings, rootKey: string): InstanceCreate {
  const { name, instance } = settings;
  return {
    name,
    description: 'Made by cutover',
    type: instance.type,
    source: { type: 'image', alias: instance.image },
    profiles: [...instance.profiles],
    config: {
      'limits.cpu': String(instance.cpus),
      'limits.memory': instance.memory,
      'boot.autostart': 'true',
      'cloud-init.user-data': cloudConfig(settings, rootKey),
      ...instance.config,
      ...instanceLabel(settings),
    },
    devices: { root: { type: 'disk', path: '/', pool: instance.pool, size: instance.disk } },
    start: true,
  };
}

/** What an instance lacks of what the config asks for; empty when it is as declared. */
export function instanceDifferences(found: Instance, settings: CutoverSettings, rootKey: string): string[] {
  const { config = {}, devices = {}, type } = instanceRequest(settings, rootKey);
  const differing = Object.entries(config)
    .filter(([key, value]) => found.config[key] !== value)
    .map(([key]) => key);
  if (found.expanded_devices['root']?.['size'] !== devices['root']?.['size'])
    differing.push('root disk size');
  if (found.type !== type) differing.push('type');
  return differing;
}

function cloudConfig({ name, instance }: CutoverSettings, rootKey: string): string {
  const settings = {
    hostname: name,
    disable_root: false,
    ssh_authorized_keys: [rootKey],
    ...instance.cloudConfig,
  };
  return `#cloud-config\n${stringify(settings)}`;
}
