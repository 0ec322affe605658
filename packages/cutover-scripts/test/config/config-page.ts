import * as z from 'zod';

/** The parts of a JSON Schema that a page shows. */
const schemaNode = z.looseObject({
  title: z.string().optional(),
  description: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
});
type SchemaNode = z.infer<typeof schemaNode>;

/** A page with every key of a config file: what it holds, its default, and what it is for. */
export function configPage(file: string, schema: unknown): string {
  const root = schemaNode.parse(schema);
  const sections = children(root).map(({ key, node, required }) => {
    const own = line(key, { key, node, required });
    const below = children(node).flatMap((child) => lines(join(key, child.key), child));
    return `## ${key}\n\n${[own, ...below].join('\n')}\n`;
  });
  return `# ${file}, key by key

${root.description ?? ''}. Made from [its JSON Schema](../${schemaPath(file)}). An editor that knows YAML completes the keys, and shows what each is for, in a file that begins with this line:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/@cutover/${schemaPath(file).replace('packages/', '')}
\`\`\`

${sections.join('\n')}`;
}

/** The keys of a page that do not say what they are for. */
export function unexplained(page: string): readonly string[] {
  return [...page.matchAll(/^- (`[^`]+`) \([^)]*\)$/gm)].map(([, key = '']) => key);
}

function schemaPath(file: string): string {
  const name = file.replace('.yaml', '');
  return `packages/${name === 'cutover' ? 'cutover-scripts' : name}/schema/${name}.schema.json`;
}

interface Child {
  readonly key: string;
  readonly node: SchemaNode;
  readonly required: boolean;
  /** Of a map that may be of several types: which of them has this key, e.g. `gitea`. */
  readonly ofType?: string | undefined;
}

function lines(path: string, child: Child): string[] {
  const below = children(child.node).flatMap((one) =>
    lines(join(path, one.key), { ...one, ofType: one.ofType ?? child.ofType }),
  );
  return [line(path, child), ...below];
}

function line(path: string, { node, required, ofType }: Child): string {
  const facts = [
    ...(ofType === undefined || node.const === ofType ? [] : [`type \`${ofType}\``]),
    kind(node),
    ...(required ? ['required'] : []),
    ...(node.default === undefined || isEmptyMap(node.default)
      ? []
      : [`default \`${JSON.stringify(node.default)}\``]),
  ].filter((fact) => fact !== '');
  const what = node.description === undefined ? '' : `: ${node.description}`;
  return `- \`${path}\` (${facts.join(', ')})${what}`;
}

function isEmptyMap(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  );
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  array: 'list',
  object: 'map',
};

function kind({ type, enum: values, const: only, anyOf, oneOf }: SchemaNode): string {
  if (oneOf !== undefined) return 'map';
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(' or ');
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (anyOf !== undefined)
    return [...new Set(anyOf.map((one) => kind(schemaNode.parse(one))))]
      .filter((one) => one !== '')
      .join(' or ');
  return [type ?? []]
    .flat()
    .map((one) => kinds[one] ?? one)
    .join(' or ');
}

/** The keys of a map, of the items of a list of maps, and of a map with names of one's own. */
function children(node: SchemaNode): Child[] {
  const { properties, items, additionalProperties, anyOf, oneOf, required = [] } = node;
  const own = Object.entries(properties ?? {}).map(([key, child]) => ({
    key,
    node: schemaNode.parse(child),
    required: required.includes(key),
  }));
  const inside = (value: unknown, mark: string): Child[] =>
    typeof value === 'object' && value !== null
      ? children(schemaNode.parse(value)).map((child) => ({ ...child, key: join(mark, child.key) }))
      : [];
  return [
    ...own,
    ...inside(items, '[]'),
    ...inside(additionalProperties, 'NAME'),
    ...(anyOf ?? []).flatMap((one) => children(schemaNode.parse(one))),
    ...(oneOf ?? []).flatMap((one) => {
      const alternative = schemaNode.parse(one);
      const type = schemaNode.parse(alternative.properties?.['type'] ?? {}).const;
      return children(alternative).map((child) => ({ ...child, ofType: String(type) }));
    }),
  ];
}

function join(path: string, key: string): string {
  return key.startsWith('[]') ? `${path}${key}` : `${path}.${key}`;
}
