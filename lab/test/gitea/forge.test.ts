import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Forge } from '@cutover/cutover-scripts/forge';
import { freePort } from '@cutover/test-support/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configuration, type GiteaRig, openGiteaRig } from './gitea-rig.ts';
import { giteaIsThere } from './there.ts';

describe.skipIf(!giteaIsThere)('a Gitea as the forge', () => {
  const signal = AbortSignal.timeout(900_000);
  let rig: GiteaRig;
  beforeAll(async () => {
    rig = await openGiteaRig();
  });
  afterAll(() => rig?.[Symbol.asyncDispose]());

  /** Opens a forge by another token, calls `use` with it, and holds that the token is in nothing that came of it. */
  async function by<T>(token: string, use: (forge: Forge) => Promise<T>): Promise<T> {
    const file = join(rig.folder, 'other-token');
    await writeFile(file, token, { mode: 0o600 });
    await using forge = await rig.open({ token: file });
    const result = await use(forge);
    expect(JSON.stringify([result, forge.gitEnvironment])).not.toContain(token);
    return result;
  }
  /** What doctor says is wrong. */
  async function problems({ checks }: Forge): Promise<string[]> {
    const found = await Promise.all(
      checks.map(async ({ name, look }) => {
        try {
          const { ok, reason } = await look(signal);
          return ok ? [] : [`${name}: ${reason ?? ''}`];
        } catch (error) {
          return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
        }
      }),
    );
    return found.flat();
  }
  const names = async (): Promise<unknown[]> => {
    const found = await rig.gitea.asAdmin.call('GET', `/orgs/${rig.gitea.organization}/repos`);
    return Object.values(found).map((one) => (Object(one) as { name: unknown }).name);
  };

  it('finds nothing wrong before anything is made, and lists no keys', async () => {
    expect(await problems(rig.forge)).toEqual([]);
    expect(await rig.forge.fence.list(signal)).toEqual([]);
    expect(await names()).not.toContain(configuration);
  });

  it('names a token that is unknown, and every scope that one lacks', async () => {
    const said = await by('0123456789abcdef0123456789abcdef01234567', problems);
    expect(said).toEqual([
      expect.stringMatching(/^forge token: .* 401 .* mistyped, or was revoked/),
      expect.stringMatching(/^forge repositories: .* 401 /),
    ]);
    const reader = await rig.gitea.mintToken(['read:user', 'read:repository', 'read:organization']);
    expect(await by(reader, problems)).toEqual([
      'forge token: the token of forge.token lacks the scopes write:organization, write:repository; make one with read:user, write:organization, write:repository',
    ]);
    const noUser = await rig.gitea.mintToken(['write:organization', 'write:repository']);
    expect(await by(noUser, problems)).toEqual([
      expect.stringMatching(/^forge token: .* lacks the scope read:user; make one/),
    ]);
    await expect(by(reader, (forge) => forge.createRepository(configuration, signal))).rejects.toThrow(
      /lacks the scope write:organization/,
    );
    expect(await names()).not.toContain(configuration);
  });

  it('names an organization that is absent or not shown to the token', async () => {
    await using elsewhere = await rig.open({ organization: 'nowhere' });
    expect(await problems(elsewhere)).toEqual([
      expect.stringMatching(
        /^forge token: .* shows cc-ci-bot no organization nowhere: .* in none of its teams/,
      ),
      expect.stringMatching(/^forge repositories: nowhere\/cc-ci is absent, or not visible/),
    ]);
  });

  it('makes one private repository, also when six make it at once, and finds it there', async () => {
    await Promise.all(Array.from({ length: 6 }, () => rig.forge.createRepository(configuration, signal)));
    await rig.forge.createRepository(configuration, signal);
    expect((await names()).filter((name) => name === configuration)).toHaveLength(1);
    const made = await rig.gitea.asAdmin.call('GET', `/repos/${rig.gitea.organization}/${configuration}`);
    expect(made).toMatchObject({ private: true, empty: true });
    expect(await problems(rig.forge)).toEqual([]);
  });

  it('refuses a repository that everyone sees, and one that is not ours to give keys to', async () => {
    const { asAdmin, organization } = rig.gitea;
    await asAdmin.call('PATCH', `/orgs/${organization}`, { visibility: 'public' });
    await asAdmin.call('PATCH', `/repos/${organization}/${configuration}`, { private: false });
    expect(await problems(rig.forge)).toEqual([
      expect.stringMatching(/is public; make it private, or name another repository/),
    ]);
    await expect(rig.forge.createRepository(configuration, signal)).rejects.toThrow(/is public/);
    await asAdmin.call('PATCH', `/repos/${organization}/${configuration}`, { private: true });
    await asAdmin.call('PATCH', `/orgs/${organization}`, { visibility: 'private' });
    // Made by another user, and shown to no team of the bot.
    await asAdmin.call('DELETE', `/repos/${organization}/${configuration}`);
    await asAdmin.call('POST', `/orgs/${organization}/repos`, { name: configuration, private: true });
    await expect(rig.forge.createRepository(configuration, signal)).rejects.toThrow(
      /is at https:.* already, and not visible to the token of cc-ci-bot/,
    );
    // Shown to it, and administered by others.
    await asAdmin.call('PUT', `/repos/${organization}/${configuration}/collaborators/cc-ci-bot`, {
      permission: 'write',
    });
    expect(await problems(rig.forge)).toEqual([
      expect.stringMatching(/does not administer .*: make it an administrator of that repository/),
    ]);
  });

  it('verifies the server, and says that it is silent within seconds', async () => {
    const other = join(rig.folder, 'gitea/tls-other.crt');
    await rig.here.run(
      [
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
      ].concat(['-keyout', '/dev/null', '-out', other, '-subj', '/CN=other', '-days', '2']),
    );
    await using untrusted = await rig.open({ certificate: other });
    expect((await problems(untrusted))[0]).toMatch(/does not answer \(.*certificate/);
    expect(await untrusted.answers(signal)).toBe(false);
    await using silent = await rig.open({ url: `https://127.0.0.1:${await freePort()}` });
    expect((await problems(silent))[0]).toMatch(/does not answer \(.*ECONNREFUSED/);
    expect(await silent.answers(signal)).toBe(false);
    await using through = await rig.open({ socks5: { host: '127.0.0.1', port: await freePort() } });
    expect((await problems(through))[0]).toMatch(/does not answer \(.*ECONNREFUSED/);
  });

  it('goes there by git too, from this machine over https by the token, which a command may print', async () => {
    const { forge, here, folder, gitea } = rig;
    const script = join(folder, "it's a token");
    await writeFile(script, `#!/bin/sh\nexec cat '${join(folder, 'token')}'\n`);
    await chmod(script, 0o700);
    await using printed = await rig.open({ token: { command: [script] } });
    for (const { url, gitEnvironment } of [forge, printed]) {
      const argv = ['git', 'ls-remote', url('cc-ci')];
      expect(await here.run(argv, { env: gitEnvironment })).toMatchObject({ exitCode: 0 });
      expect(JSON.stringify(gitEnvironment)).not.toContain(gitea.botToken);
    }
    await using broken = await rig.open({ token: { command: ['false'] } });
    expect((await problems(broken))[0]).toMatch(/forge\.token: the command false ended with 1/);
    const refused = await here.run(['git', 'ls-remote', broken.url('cc-ci')], {
      env: broken.gitEnvironment,
      reject: false,
    });
    expect(refused.exitCode).toBe(128);
  });
});
