import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

const example = join(import.meta.dirname, '../../../../examples/cutover/cutover.yaml');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-config-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function load(change: (text: string) => string): Promise<unknown> {
  const file = join(folder, 'cutover.yaml');
  await writeFile(file, change(await readFile(example, 'utf8')));
  return loadConfig(file);
}

describe('loadConfig', () => {
  it('takes paths from the folder of the file', async () => {
    expect(await load((text) => text)).toMatchObject({
      ssh: { privateKey: join(folder, 'ssh/vm_ssh_key') },
      incus: { key: join(folder, 'incus/client.key') },
      secrets: join(folder, 'secrets.yaml'),
    });
  });

  it('names every problem at once, with its place', async () => {
    const change = (text: string): string =>
      text.replace('memory: 2GiB', 'memory: lots').replace('user: loops', 'usr: loops');
    await expect(load(change)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      mistakes: [
        expect.stringMatching(
          /cutover\.yaml:14:3: instance\.memory: a size is a number with .*, e\.g\. 2GiB$/,
        ),
        expect.stringMatching(/cutover\.yaml:\d+:\d+: old\.user: is missing: it must be a text$/),
        expect.stringMatching(/cutover\.yaml:\d+:3: old\.usr: there is no such key in old$/),
      ],
    });
  });

  it.each([
    ['new:\n', 'new:\n  user: root\n', /new\.user: must not be root/],
    ['new:\n', `new:\n  user: ${'a'.repeat(32)}\n`, /new\.user: must be the name of a user: at most 31/],
    ['nixos:\n', 'nixos:\n  timeZone: Europe/New York\n', /nixos\.timeZone: must be a time zone/],
    [
      'nixos:\n',
      'nixos:\n  proxy: { name: a b, port: 1055, authKeyFile: /key }\n',
      /nixos\.proxy\.name: must be the name of a unit/,
    ],
  ])('refuses what NixOS would refuse when the instance is there: %j as %j', async (key, value, message) => {
    const change = (text: string): string =>
      text.replace(/^  (user|timeZone): .*\n/gm, '').replace(key, value);
    await expect(load(change)).rejects.toMatchObject({
      mistakes: expect.arrayContaining([expect.stringMatching(message)]),
    });
  });

  it.each([
    [
      'tailnet: { authKey: ./key }',
      'authKeyFile: /key',
      /nixos\.proxy: needs tailnet or an authKeyFile, and not both/,
    ],
    ['', 'name: proxy', /nixos\.proxy: needs tailnet or an authKeyFile, and not both/],
    [
      'tailnet: { authKey: ./key }',
      'loginServer: https://c.example.org',
      /nixos\.proxy\.loginServer: contradicts tailnet/,
    ],
    ['tailnet: { loginServer: https://c.example.org }', '', /tailnet: needs authKey or mint, and not both/],
    ['tailnet: { mint: { tags: [tag:rig] } }', '', /tailnet\.api: is needed by tailnet\.mint/],
    ['tailnet: { mint: { tags: [rig] } }', '', /tailnet\.mint\.tags\.0: must be a tag, e\.g\. tag:rig/],
    [
      'tailnet: { authKey: ./key, api: { type: headscale, token: ./token } }',
      '',
      /tailnet\.loginServer: is needed by an api of type headscale/,
    ],
  ])('refuses a tailnet that cannot be joined: %s with a proxy of {%s}', async (more, proxy, message) => {
    const change = (text: string): string =>
      `${proxy === '' ? text : text.replace(/^nixos:\n/m, `nixos:\n  proxy: { port: 1055, ${proxy} }\n`)}\n${more}\n`;
    await expect(load(change)).rejects.toMatchObject({
      mistakes: expect.arrayContaining([expect.stringMatching(message)]),
    });
  });

  it('takes the paths of a tailnet from the folder of the config, and leaves its secrets as they are', async () => {
    const more = `tailnet:
  loginServer: https://c.example.org
  certificateAuthority: ./ca.pem
  authKey: { secret: testenv, variable: TS_AUTH_KEY }
  api: { type: headscale, token: ./token }
`;
    expect(await load((text) => `${text}\n${more}`)).toMatchObject({
      tailnet: {
        certificateAuthority: join(folder, 'ca.pem'),
        authKey: { secret: 'testenv', variable: 'TS_AUTH_KEY' },
        api: { token: join(folder, 'token'), tailnet: '-' },
      },
    });
  });

  it('demands a way to verify each host key', async () => {
    const change = (text: string): string => text.replace('    knownHosts: ./ssh/known_hosts\n', '');
    await expect(load(change)).rejects.toThrow(/a host key is always verified/);
  });

  it('says where a file is not YAML, and nothing of what is in it', async () => {
    const error: unknown = await load((text) => `${text}\n  - [secret: "hunter2`).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error)).toMatch(/cutover\.yaml:\d+:\d+: not YAML/);
    expect(String(error)).not.toContain('hunter2');
  });

  it('says which file cannot be read', async () => {
    await expect(loadConfig(join(folder, 'absent.yaml'))).rejects.toThrow(
      /absent\.yaml: there is no such file; name it with --config/,
    );
  });
});
