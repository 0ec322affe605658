import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const sources = fileURLToPath(new URL('../../../packages/incus-client/src', import.meta.url));

/** A field of one of the package's types. */
export interface Field {
  readonly name: string;
  readonly optional: boolean;
}

/** The sources whose types are what goes over the wire, and nothing else. */
export const wireFiles: readonly string[] = [
  'api/access.ts',
  'api/backup-target.ts',
  'api/events.ts',
  'api/operation.ts',
  'certificates/types.ts',
  'cluster/types.ts',
  'images/types.ts',
  'instances/backups.ts',
  'instances/types.ts',
  'networks/acl-types.ts',
  'networks/address-set-types.ts',
  'networks/forward-types.ts',
  'networks/types.ts',
  'networks/zone-types.ts',
  'profiles/types.ts',
  'projects/types.ts',
  'server/resources-types.ts',
  'server/types.ts',
  'storage/bucket-types.ts',
  'storage/types.ts',
  'storage/volume-types.ts',
];

async function parse(path: string): Promise<ts.SourceFile> {
  const text = await readFile(join(sources, path), 'utf8');
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function fieldOf(member: ts.PropertySignature): Field {
  return {
    name: ts.isStringLiteral(member.name) ? member.name.text : member.name.getText(),
    optional: member.questionToken !== undefined,
  };
}

/** The interfaces of the package, read from its sources: names of fields, those of what they extend included. */
export async function interfaces(): Promise<ReadonlyMap<string, readonly Field[]>> {
  const declared = new Map<string, { readonly fields: Field[]; readonly parents: string[] }>();
  for (const entry of await readdir(sources, { recursive: true })) {
    if (!entry.endsWith('.ts')) continue;
    for (const statement of (await parse(entry)).statements) {
      if (!ts.isInterfaceDeclaration(statement)) continue;
      const fields = statement.members.filter(ts.isPropertySignature).map(fieldOf);
      const parents = (statement.heritageClauses ?? []).flatMap((clause) =>
        clause.types.map((type) => type.expression.getText()),
      );
      declared.set(statement.name.text, { fields, parents });
    }
  }
  const all = (name: string): Field[] => {
    const found = declared.get(name);
    return found === undefined ? [] : [...found.parents.flatMap(all), ...found.fields];
  };
  return new Map([...declared.keys()].map((name) => [name, all(name)]));
}

/** Every field in these sources, however deep in whichever type, with where it is. */
export async function fieldsOf(
  files: readonly string[],
): Promise<readonly (Field & { readonly in: string })[]> {
  const found: (Field & { readonly in: string })[] = [];
  for (const file of files) {
    const visit = (node: ts.Node): void => {
      if (ts.isPropertySignature(node)) found.push({ ...fieldOf(node), in: file });
      ts.forEachChild(node, visit);
    };
    visit(await parse(file));
  }
  return found;
}
