import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const index = join(root, 'packages/incus-client/src/index.ts');

/** What a reader of a page has, and need not be shown to make. */
const given = `
  declare const incus: IncusClient, other: IncusClient, b1: IncusClient, b2: IncusClient;
  declare const cert: string, key: string, serverCert: string, token: string, secret: string, bytes: Uint8Array;
  declare const wanted: InstanceCreate, name: string, status: string, label: Label, signal: AbortSignal;
  declare function render(...values: unknown[]): void;
  declare function resynchronise(): void;
`;

const sshHost =
  'declare function sshHost(options: { host: string; user: string; knownHostsFile: string }): AsyncDisposable;';

/** The blocks of TypeScript in a page, each made a module with what its page says that it needs. */
async function snippets(page: string): Promise<string[]> {
  const blocks = [...(await readFile(page, 'utf8')).matchAll(/^```(?:ts|js)\n(.*?)^```$/gms)];
  return blocks.map(([, code = '']) => code);
}

test('each snippet of the README and the docs is right, with what its page says that it needs', async () => {
  const docs = await readdir(join(root, 'docs'));
  const pages = [
    join(root, 'packages/incus-client/README.md'),
    ...docs.filter((name) => name.startsWith('incus-client')).map((name) => join(root, 'docs', name)),
  ];
  const files = new Map<string, string>();
  for (const page of pages)
    for (const [at, code] of (await snippets(page)).entries()) files.set(`${page}.${at}.ts`, moduleOf(code));
  expect(files.size).toBeGreaterThan(15);

  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const options: ts.CompilerOptions = {
    ...ts.convertCompilerOptionsFromJson(config.compilerOptions, root).options,
    noEmit: true,
    verbatimModuleSyntax: false,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.getSourceFile = (name, ...rest) => {
    const text = files.get(name);
    return text === undefined
      ? getSourceFile.call(host, name, ...rest)
      : ts.createSourceFile(name, text, ts.ScriptTarget.Latest);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const wrong = [...files.keys()].flatMap((name) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) =>
        `${name.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
  expect(wrong).toEqual([]);
});

/** Imports what it names of the package and of Node, and declares of {@link given} what it does not make itself. */
function moduleOf(code: string): string {
  const body = code
    .replaceAll(/from '@cutover\/incus-client'/g, `from '${index}'`)
    // Not one of this package's dependencies, so what its page uses of it is said here.
    .replace("import { sshHost } from '@cutover/host';", sshHost);
  const declares = (word: string) =>
    new RegExp(`(?:const|let|using|import) (?:\\{[^}]*\\b${word}\\b[^}]*\\}|${word}\\b)`).test(body);
  const own = given.replaceAll(/(declare const )([^;]+)/g, (_all, head: string, list: string) => {
    const left = list.split(', ').filter((entry) => !declares(entry.split(':')[0] ?? ''));
    return left.length === 0 ? '' : head + left.join(', ');
  });
  const names = [
    'certificateFingerprint',
    'connectIncus',
    'connectRemote',
    'describeCertificate',
    'enrol',
    'ensureAbsent',
    'ensureInstance',
    'filter',
    'generateClientCertificate',
    'incusHost',
    'migrateInstance',
    'migrateVolume',
    'operationProgress',
    'waitReady',
  ].filter((name) => new RegExp(`\\b${name}\\b`).test(body) && !declares(name));
  return [
    `import { ${[...names, 'type IncusClient', 'type InstanceCreate', 'type Label'].join(', ')} } from '${index}';`,
    "import { pipeline } from 'node:stream/promises';",
    "import { createWriteStream } from 'node:fs';",
    own,
    'interface MyLease {}',
    body,
    'export {};',
  ].join('\n');
}
