import { type CommandOptions, localHost, type Host } from '@cutover/host';
import { mkdir, readFile, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { activate } from '../../src/activate.ts';
import {
  collect,
  move,
  parseSecretsConfig,
  renderManifest,
  verifySecrets,
  type SecretsConfig,
} from '../../src/index.ts';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair, identityFile } from '../../src/age.ts';
import { guardStaged, scanGit } from '../../src/scan.ts';
import { git, makeRepository } from '../git.ts';
import { temporaryDirectory } from '../temporary.ts';

const asRoot = process.getuid?.() === 0;
const canary = 'CANARY-5e7a91c0d4';

/** A host that writes down every argument and variable that its commands get. */
function watched(inner: Host, seen: string[]): Host {
  const note = (argv: readonly string[], options?: CommandOptions): void =>
    void seen.push(argv.join('\0'), JSON.stringify(options?.env ?? {}));
  return {
    name: inner.name,
    run: (argv, options) => (note(argv, options), inner.run(argv, options)),
    stream: (argv, options) => (note(argv, options), inner.stream(argv, options)),
    readFile: (path, options) => (seen.push(path), inner.readFile(path, options)),
    writeFile: (path, data, options) => (seen.push(path), inner.writeFile(path, data, options)),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

async function world(): Promise<{ root: string; config: SecretsConfig; repository: string }> {
  const root = await temporaryDirectory();
  const repository = join(root, 'repository');
  for (const name of ['source', 'repository']) await mkdir(join(root, name));
  makeRepository(repository);
  await writeFile(join(root, 'source', 'env'), `TOKEN=${canary}\n`);
  await writeFile(join(root, 'source', 'raw'), `${canary}\n`);
  const source = (name: string): object => ({ host: 'pi', path: join(root, 'source', name) });
  const config = parseSecretsConfig(
    JSON.stringify({
      repository,
      bootstrapKey: join(root, 'key', 'age.txt'),
      secrets: [
        {
          name: 'env',
          kind: 'env',
          source: source('env'),
          file: 'secrets/env.sops',
          path: join(root, 'run', 'env'),
        },
        {
          name: 'raw',
          source: source('raw'),
          file: 'secrets/all.yaml',
          key: 'raw',
          path: join(root, 'run', 'raw'),
        },
      ],
    }),
  );
  return { root, config, repository };
}

/** Every file below a directory that holds the canary, as it is or in base64. */
async function holding(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const item of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!item.isFile()) continue;
    const path = join(item.parentPath, item.name);
    const text = (await readFile(path)).toString('latin1');
    if (text.includes(canary) || text.includes(Buffer.from(canary).toString('base64').slice(0, 12)))
      found.push(path.slice(directory.length));
  }
  return found.sort();
}

test.runIf(asRoot)(
  'a canary is in no argument, environment, report, error or file but where it belongs',
  async () => {
    const { root, config, repository } = await world();
    const seen: string[] = [];
    const host = watched(localHost(), seen);
    const reports: unknown[] = [];
    const note = async (work: Promise<unknown>): Promise<void> => {
      reports.push(await work.catch((error: unknown) => error));
    };
    await note(move({ config, from: host, to: host, local: host }));
    const identities = await import('../../src/index.ts').then(({ readBootstrapIdentities }) =>
      readBootstrapIdentities(host, config.bootstrapKey),
    );
    const manifest = {
      ...renderManifest(config),
      secretsMountPoint: join(root, 'run.d'),
      symlinkPath: join(root, 'run'),
      userMode: true,
    };
    await writeFile(join(repository, 'secrets', 'manifest.json'), JSON.stringify(manifest));
    await note(activate({ manifest: join(repository, 'secrets', 'manifest.json') }));
    await note(verifySecrets({ config, from: host, to: [host], repository, identities }));
    await note(collect(host, config.secrets));
    // And the failures: another key, a file in plain text, a leak in git, a broken file.
    await note(move({ config, from: host, to: host, local: host, identity: generateKeyPair().identity }));
    await note(move({ config: { ...config, repository: root }, from: host, to: host, local: host }));
    await note(verifySecrets({ config, from: host, to: [host], repository, identities: [] }));
    const leak = join(root, 'leak');
    await mkdir(leak);
    makeRepository(leak);
    await writeFile(join(leak, 'x.yaml'), `a: ${canary}\nsops: {mac: x}\n`);
    git(leak, 'add', '.');
    await note(guardStaged({ host, repository: leak }));
    await note(scanGit({ host, path: leak, knownValues: [{ name: 'raw', value: Buffer.from(canary) }] }));
    await note(
      encryptFile(`a: ${canary}\na: ${canary}\n`, {
        file: 'x.yaml',
        recipients: [generateKeyPair().recipient],
      }),
    );
    await note(encryptFile(`a: [${canary}\n`, { file: 'x.yaml', recipients: [generateKeyPair().recipient] }));
    await note(encryptFile(`{"${canary}: 1`, { file: 'x.json', recipients: [generateKeyPair().recipient] }));

    expect(reports).toHaveLength(12);
    const said = [
      ...seen,
      ...reports.flatMap((report) => [
        inspect(report, { depth: 12, showHidden: true }),
        JSON.stringify(report, bigints),
        report instanceof Error ? (report.stack ?? '') : '',
      ]),
    ].join('\n');
    expect(said).not.toContain(canary);
    expect(said).not.toContain('AGE-SECRET-KEY-');
    const generation = `/run.d/${(await readlink(join(root, 'run'))).split('/').at(-1)}`;
    expect(await holding(root)).toEqual(
      ['/leak/x.yaml', `${generation}/env`, `${generation}/raw`, '/source/env', '/source/raw'].sort(),
    );
  },
);

const bigints = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

test.runIf(asRoot)("verify is not fooled by the operator's own key in the environment", async () => {
  const { root, config, repository } = await world();
  await using host = localHost();
  const operator = generateKeyPair();
  await mkdir(join(repository, 'secrets'));
  // Only the operator can open these, and the operator's key is everywhere that sops looks.
  await writeFile(
    join(repository, 'secrets', 'env.sops'),
    await encryptFile(`TOKEN=${canary}\n`, { file: 'env.sops', recipients: [operator.recipient] }),
  );
  await writeFile(
    join(repository, 'secrets', 'all.yaml'),
    await encryptFile(`raw: ${canary}\n`, { file: 'all.yaml', recipients: [operator.recipient] }),
  );
  await writeFile(join(root, 'operator.txt'), identityFile(operator));
  process.env['SOPS_AGE_KEY'] = operator.identity;
  process.env['SOPS_AGE_KEY_FILE'] = join(root, 'operator.txt');
  try {
    const target = generateKeyPair();
    const { parseIdentities } = await import('../../src/age.ts');
    const rows = await verifySecrets({
      config,
      from: host,
      to: [host],
      repository,
      identities: parseIdentities(target.identity),
    });
    expect(rows.map(({ decryptable }) => decryptable)).toEqual(['no', 'no']);
  } finally {
    delete process.env['SOPS_AGE_KEY'];
    delete process.env['SOPS_AGE_KEY_FILE'];
  }
});

test.runIf(asRoot)(
  'a move stopped at any of its calls and run again converges, the source intact and no file half-written',
  async () => {
    const rounds = process.env['CUTOVER_SOAK'] ? 40 : 2;
    const { root, config, repository } = await world();
    await using host = localHost();
    for (let round = 0; round < rounds; round++) {
      // Everything is asked of a host, so a host that kills the process at its n-th call kills it anywhere.
      let calls = 0;
      const limit = 1 + Math.floor((round / rounds) * 14);
      const dying: Host = watched(host, []);
      const die = (): void => {
        if (++calls >= limit) throw new Error('killed');
      };
      const mortal: Host = {
        ...dying,
        run: (argv, options) => (die(), dying.run(argv, options)),
        stream: (argv, options) => (die(), dying.stream(argv, options)),
        readFile: (path, options) => (die(), dying.readFile(path, options)),
        writeFile: (path, data, options) => (die(), dying.writeFile(path, data, options)),
      };
      await writeFile(join(root, 'source', 'raw'), `${canary}-${round}\n`);
      const ended = await move({ config, from: mortal, to: mortal, local: mortal }).then(
        () => 'killed too late',
        String,
      );
      expect(ended).toContain('killed');
      const report = await move({ config, from: host, to: host, local: host });
      expect(report.proofs.every(({ ok }) => ok)).toBe(true);
      expect(git(repository, 'status', '--porcelain')).toBe('');
      expect(await readFile(join(root, 'source', 'raw'), 'utf8')).toBe(`${canary}-${round}\n`);
      expect((await readdir(join(repository, 'secrets'))).sort()).toEqual(['all.yaml', 'env.sops']);
    }
  },
  600_000,
);
