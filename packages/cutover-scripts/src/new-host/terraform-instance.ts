import type { Instance } from '@cutover/incus-client';

/** Keys that the provider reads as the server's own, and leaves out of its state. */
const computed = ['environment.', 'image.', 'oci.', 'volatile.'];

/**
 * An `incus_instance` and the `import` block that adopts it, for the provider lxc/incus, so that the first plan finds nothing
 * to change. All that the provider compares is there: it takes a key that is missing for one to remove, and another image
 * for another instance.
 *
 * @see https://registry.terraform.io/providers/lxc/incus/latest/docs/resources/instance
 */
export function terraformInstance(instance: Instance, image: string): string {
  const { name, project, type, description, profiles, config, devices } = instance;
  const label = name.replaceAll('-', '_');
  const settings = Object.entries(config).filter(([key]) => !computed.some((start) => key.startsWith(start)));
  const blocks = Object.entries(devices)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([device, { type: kind, ...properties }]) => [
      '  device {',
      ...attributes(
        { name: quoted(device), type: quoted(kind), properties: map(properties, '    ') },
        '    ',
      ),
      '  }',
    ]);
  return [
    '# Terraform or OpenTofu, with the provider lxc/incus, adopts the instance by this file.',
    `resource "incus_instance" ${quoted(label)} {`,
    ...attributes(
      {
        name: quoted(name),
        project: quoted(project),
        image: quoted(image),
        type: quoted(type),
        description: quoted(description),
        profiles: `[${profiles.map(quoted).join(', ')}]`,
      },
      '  ',
    ),
    '',
    `  config = ${map(Object.fromEntries(settings), '  ')}`,
    ...blocks.flatMap((block) => ['', ...block]),
    '}',
    '',
    'import {',
    ...attributes({ to: `incus_instance.${label}`, id: quoted(`${project}/${name},image=${image}`) }, '  '),
    '}',
    '',
  ].join('\n');
}

/** As `terraform fmt` has it: the signs of equality below each other, where each value is one line. */
function attributes(values: Readonly<Record<string, string>>, indent: string): string[] {
  const entries = Object.entries(values);
  const width = Math.max(
    ...entries.filter(([, value]) => !value.includes('\n')).map(([key]) => key.length),
    0,
  );
  return entries.map(
    ([key, value]) => `${indent}${value.includes('\n') ? key : key.padEnd(width)} = ${value}`,
  );
}

function map(values: Readonly<Record<string, string>>, indent: string): string {
  const keyed = Object.entries(values)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [quoted(key), quoted(value)]);
  if (keyed.length === 0) return '{}';
  return ['{', ...attributes(Object.fromEntries(keyed), `${indent}  `), `${indent}}`].join('\n');
}

/** A string of HCL, in which nothing is interpolated. Of JSON's escapes it lacks two. */
function quoted(text: string): string {
  const escaped = JSON.stringify(text).replaceAll(/\\(.)/g, (escape, letter: string) =>
    letter === 'b' ? String.raw`\u0008` : letter === 'f' ? String.raw`\u000c` : escape,
  );
  return escaped.replaceAll('${', () => '$${').replaceAll('%{', '%%{');
}
