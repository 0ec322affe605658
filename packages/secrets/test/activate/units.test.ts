import { chmod, mkdir, readFile, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { activate } from '../../src/activate.ts';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair, identityFile } from '../../src/age.ts';
import { secretsCommand } from '../secrets-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const keys = generateKeyPair();

/**
 * A manifest with two secrets of two units, and a systemctl that knows their states: a unit does not come up while its
 * secret is `bad`. It is an executable on PATH, as the real one is.
 */
async function world() {
  const root = await temporaryDirectory();
  for (const name of ['bin', 'states']) await mkdir(join(root, name));
  const systemctl = join(root, 'bin', 'systemctl');
  await writeFile(
    systemctl,
    `#!/bin/sh
[ "$1" != --user ] || shift; verb=$1; shift 2; echo "$verb $*" >> ${root}/calls; code=0
[ "$verb" = is-active ] || [ ! -e ${root}/kill ] || { rm ${root}/kill; kill -KILL $PPID; exit 1; }
for unit; do
  state=$(cat ${root}/states/$unit)
  case "$verb" in
  is-active) echo "$state"; [ "$state" = active ] || code=3 ;;
  *) [ "\${verb#try-}" = "$verb" ] || [ "$state" = active ] || continue
     if [ "$(cat ${root}/run/\${unit%.service})" = bad ]; then echo failed > ${root}/states/$unit; code=1
     else echo active > ${root}/states/$unit; fi ;;
  esac
done
exit $code
`,
  );
  await chmod(systemctl, 0o755);
  const path = process.env['PATH'];
  process.env['PATH'] = `${join(root, 'bin')}:${path}`;
  onTestFinished(() => void (process.env['PATH'] = path));
  await writeFile(join(root, 'key.txt'), identityFile(keys));
  const names = ['one', 'two'];
  for (const name of names) await writeFile(join(root, 'states', `${name}.service`), 'active\n');
  const secret = (name: string): object => ({
    name,
    key: name,
    path: join(root, 'run', name),
    sopsFile: join(root, 'a.yaml'),
    format: 'yaml',
    mode: '0400',
    owner: null,
    uid: 0,
    group: null,
    gid: 0,
    restartUnits: name === 'one' ? [`${name}.service`] : [],
    reloadUnits: [`${name}.service`],
  });
  const manifest = join(root, 'manifest.json');
  await writeFile(
    manifest,
    JSON.stringify({
      secrets: names.map(secret),
      templates: [],
      placeholderBySecretName: {},
      secretsMountPoint: join(root, 'run.d'),
      symlinkPath: join(root, 'run'),
      keepGenerations: 1,
      sshKeyPaths: [],
      gnupgHome: '',
      ageKeyFile: join(root, 'key.txt'),
      ageSshKeyPaths: [],
      useTmpfs: false,
      userMode: true,
      logging: { keyImport: false, secretChanges: false },
    }),
  );
  const write = async (text: string): Promise<void> =>
    writeFile(
      join(root, 'a.yaml'),
      await encryptFile(text, { file: 'a.yaml', recipients: [keys.recipient] }),
    );
  await write('one: a\ntwo: a\n');
  await activate({ manifest });
  return {
    manifest,
    write,
    current: () => readlink(join(root, 'run')),
    generations: () => readdir(join(root, 'run.d')),
    content: (name: string) => readFile(join(root, 'run', name), 'utf8'),
    state: (name: string) => readFile(join(root, 'states', `${name}.service`), 'utf8'),
    /** The next activation is killed when it tells a unit. */
    kill: () => writeFile(join(root, 'kill'), ''),
    note: () => readFile(join(root, 'run.d.units'), 'utf8').catch(() => undefined),
    set: (name: string, state: string) => writeFile(join(root, 'states', `${name}.service`), state),
    calls: () =>
      readFile(join(root, 'calls'), 'utf8').then(
        (text) => text.trim().split('\n'),
        () => [],
      ),
  };
}

test('the units of what changed are restarted, or reloaded, and no others', async () => {
  const { manifest, write, calls } = await world();
  expect(await calls()).toEqual([]);
  await write('one: b\ntwo: a\n');
  expect(await activate({ manifest })).toMatchObject({ restarted: ['one.service'], reloaded: [] });
  await write('one: b\ntwo: b\n');
  expect(await activate({ manifest })).toMatchObject({ restarted: [], reloaded: ['two.service'] });
  expect((await calls()).filter((call) => !call.startsWith('is-active'))).toEqual([
    'try-restart one.service',
    'try-reload-or-restart two.service',
  ]);
});

test('a unit that does not come up brings the generation before back, which was not removed yet', async () => {
  const { manifest, write, content, current, generations, state } = await world();
  const before = await current();
  await write('one: bad\ntwo: b\n');
  await expect(activate({ manifest })).rejects.toMatchObject({
    code: 'ACTIVATION_FAILED',
    message: 'one.service did not take up generation 2; the one before is back',
  });
  expect(await current()).toBe(before);
  expect(await generations()).toEqual(['1']);
  expect([await content('one'), await content('two')]).toEqual(['a', 'a']);
  expect([await state('one'), await state('two')]).toEqual(['active\n', 'active\n']);
});

test('a unit that did not run before is not started, neither by an activation nor by its undoing', async () => {
  const { manifest, write, set, state } = await world();
  await set('one', 'inactive\n');
  await write('one: bad\ntwo: bad\n');
  await expect(activate({ manifest })).rejects.toMatchObject({ code: 'ACTIVATION_FAILED' });
  expect([await state('one'), await state('two')]).toEqual(['inactive\n', 'active\n']);
});

test('only an activation that went well removes older generations', async () => {
  const { manifest, write, generations } = await world();
  await write('one: b\ntwo: a\n');
  await activate({ manifest });
  expect(await generations()).toEqual(['2']);
});

test('an activation that was killed before its units took up the secrets leaves them to the next one', async () => {
  const { manifest, write, calls, kill, content, note } = await world();
  await write('one: b\ntwo: b\n');
  await kill();
  const killed = await secretsCommand().run(['activate', manifest]);
  expect(killed.signal).toBe('SIGKILL');
  expect(await content('one')).toBe('b');
  const before = (await calls()).length;

  expect(await activate({ manifest, noUnits: true })).toMatchObject({ changed: [], restarted: [] });
  expect(await activate({ manifest })).toMatchObject({
    changed: [],
    restarted: ['one.service'],
    reloaded: ['two.service'],
  });
  expect((await calls()).slice(before).filter((call) => !call.startsWith('is-active'))).toEqual([
    'try-restart one.service',
    'try-reload-or-restart two.service',
  ]);
  expect(await note()).toBeUndefined();
  expect(await activate({ manifest })).toMatchObject({ restarted: [], reloaded: [] });
});
