// Runs each snippet of this folder, `NUMBER.mjs`, in turn, with what the pages say that a reader has, and writes how each
// ended to ended.json. Arguments: a project, and the alias of an image.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { connectIncus } from '@cutover/incus-client';

const [project, alias] = process.argv.slice(2);
const server = await connectIncus();
const incus = server.project(project);
const { instances } = incus;
const gone = async (name) => {
  await instances.stop(name, { force: true }).catch(() => {});
  await instances.delete(name).catch(() => {});
};
const volumes = incus.storagePools.volumes('default');
const token = await server.certificates.createToken({
  name: 'a snippet',
  restricted: true,
  projects: [project],
});
globalThis.given = {
  incus,
  token,
  bytes: Buffer.from('bytes'),
  wanted: { name: 'web', source: { type: 'image', alias } },
  name: 'web',
  label: { 'user.cutover.owner': 'me' },
  signal: undefined,
  render: () => {},
  resynchronise: () => {},
};

/** What a snippet takes for granted, by what is in it. */
const before = [
  ['incus.instances.create(', () => gone('web')],
  ['instances.launch(wanted)', () => gone('web')],
  ['ensureInstance(incus, wanted', () => gone('web')],
  ['instances.start(', () => instances.stop('web', { force: true })],
  ['incus.events(', () => void (given.signal = AbortSignal.timeout(1_000))],
];

const ended = {};
const files = (await readdir('.')).filter((name) => /^\d+\.mjs$/.test(name)).toSorted();
for (const file of files) {
  given.signal = undefined;
  try {
    const code = await readFile(file, 'utf8');
    for (const [text, prepare] of before) if (code.includes(text)) await prepare();
    await import(pathToFileURL(file).href);
    ended[file] = 'ran';
  } catch (error) {
    ended[file] = error === given.signal?.reason ? 'ran' : String(error?.stack ?? error);
  }
}
await writeFile('ended.json', JSON.stringify(ended));
for (const name of ['web', 'web2']) await gone(name);
for (const name of ['data', 'data2']) await volumes.delete(name).catch(() => {});
await incus.storagePools
  .volumes('slow')
  .delete('data2')
  .catch(() => {});
for (const { name, fingerprint } of await server.certificates.list())
  if (name === 'a snippet') await server.certificates.delete(fingerprint);
await server.close();
process.exit(0);
