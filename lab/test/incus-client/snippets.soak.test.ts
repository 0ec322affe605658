import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as exported from '@cutover/incus-client';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { openLab } from '../../src/index.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Variables of the pages that hold PEM text, by the file that it is in. */
const pem = { cert: 'client.crt', key: 'client.key', serverCert: 'server.crt' };
const given = 'incus token bytes wanted name label signal render resynchronise'.split(' ');

/** What a snippet needs that the lab has not, by what is in it. */
const needs = [
  ['migrateVolume(b1', 'two servers'],
  ['migrateInstance(b1', 'two servers'],
  ["type: 'virtual-machine'", 'a virtual machine'],
  ['attachVga(', 'a virtual machine'],
  ['sshHost(', 'a virtual machine'],
  ['images.example.org', 'a public server'],
] as const;

test('each snippet of the README and the docs runs as it stands, or is known to need what the lab has not', async () => {
  await using lab = await openLab();
  const folder = await mkdtemp(join(tmpdir(), 'incus-snippets-'));
  const pools = ['default', 'slow'];
  try {
    for (const name of pools) await lab.client.storagePools.create({ name, driver: 'dir' });
    const environment = await readersMachine(folder, lab);
    const skipped = new Set<string>();
    const shown = new Map<string, string>();
    for (const page of await pages())
      for (const [, code = ''] of (await readFile(page, 'utf8')).matchAll(/^```(?:ts|js)\n(.*?)^```$/gms)) {
        const need = needs.find(([text]) => code.includes(text));
        if (need !== undefined) {
          skipped.add(need[0]);
          continue;
        }
        const file = `${String(shown.size).padStart(2, '0')}.mjs`;
        shown.set(file, `${page.slice(root.length)}\n${code}`);
        const here = code
          .replaceAll('https://10.0.0.1:8443', lab.url)
          .replaceAll('debian-13', lab.imageAlias)
          .replaceAll('/var/lib/incus/unix.socket', lab.folders.socket);
        await writeFile(join(folder, file), programOf(here));
      }
    expect(skipped.size).toBe(needs.length);

    const program = [join(folder, 'run-snippets.mjs'), lab.project, lab.imageAlias];
    await promisify(execFile)(process.execPath, program, { cwd: folder, env: environment });
    const ended = JSON.parse(await readFile(join(folder, 'ended.json'), 'utf8')) as Record<string, string>;
    const failed = [...shown].filter(([file]) => ended[file] !== 'ran');
    expect(failed.map(([file, code]) => `${code}\n${ended[file]}`)).toEqual([]);
    expect(shown.size).toBeGreaterThan(15);
  } finally {
    for (const name of pools) await lab.client.storagePools.delete(name).catch(console.warn);
    await rm(folder, { recursive: true });
  }
}, 600_000);

async function pages(): Promise<readonly string[]> {
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.startsWith('incus-client'));
  return [join(root, 'packages/incus-client/README.md'), ...docs.map((name) => join(root, 'docs', name))];
}

/** The files that a reader of the pages has: certificates, and the `incus` command's remote b1. */
async function readersMachine(
  folder: string,
  { url, certificates, project, folders }: Awaited<ReturnType<typeof openLab>>,
): Promise<NodeJS.ProcessEnv> {
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await copyFile(new URL('run-snippets.mjs', import.meta.url), join(folder, 'run-snippets.mjs'));
  const conf = join(folder, 'conf');
  await mkdir(join(conf, 'servercerts'), { recursive: true });
  const copies = [
    [certificates.certificate, 'client.crt'],
    [certificates.key, 'client.key'],
    [certificates.serverCertificate, 'server.crt'],
    [certificates.certificate, 'conf/client.crt'],
    [certificates.key, 'conf/client.key'],
    [certificates.serverCertificate, 'conf/servercerts/b1.crt'],
  ] as const;
  for (const [from, to] of copies) await copyFile(from, join(folder, to));
  const remote = `remotes:\n  b1:\n    addr: ${url}\n    protocol: incus\n    auth_type: tls\n    project: ${project}\n`;
  await writeFile(join(conf, 'config.yml'), remote);
  return { PATH: process.env['PATH'], HOME: folder, INCUS_CONF: conf, INCUS_SOCKET: folders.socket };
}

/** As TypeScript compiles it for Node 20, with imports of what it names and what its page says that a reader has. */
function programOf(code: string): string {
  const missing = (word: string) =>
    new RegExp(`\\b${word}\\b`).test(code) &&
    !new RegExp(`(?:const|let|using|import) (?:\\{[^}]*\\b${word}\\b[^}]*\\}|${word}\\b)`).test(code);
  const names = Object.keys(exported).filter(missing);
  const text = [
    `import { ${names.join(', ')} } from '@cutover/incus-client';`,
    "import { readFile as readPem } from 'node:fs/promises';",
    missing('pipeline') ? "import { pipeline } from 'node:stream/promises';" : '',
    missing('createWriteStream') ? "import { createWriteStream } from 'node:fs';" : '',
    `const { ${given.filter(missing).join(', ')} } = globalThis.given;`,
    ...Object.entries(pem)
      .filter(([word]) => missing(word))
      .map(([word, file]) => `const ${word} = await readPem('${file}', 'utf8');`),
    code,
  ].join('\n');
  const { ESNext, ES2022 } = { ESNext: ts.ModuleKind.ESNext, ES2022: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(text, { compilerOptions: { module: ESNext, target: ES2022 } }).outputText;
}
