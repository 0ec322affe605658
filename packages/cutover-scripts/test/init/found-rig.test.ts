import { describe, expect, test } from 'vitest';
import { commandWords, parseAddress } from '../../src/init/answers.ts';
import { isPlainVariable } from '../../src/init/cutover-file.ts';
import { findLoops } from '../../src/init/found-rig.ts';
import { noFacts, type OldRigFacts, parseSessions, parseWorkspace } from '../../src/init/old-rig-facts.ts';
import { findStarts } from '../../src/init/old-starts.ts';
import { remoteName, remoteRoot } from '../../src/init/remotes.ts';
import { namedSecret, secretsContent } from '../../src/init/secrets-file.ts';

const session = (user: string, name: string, path: string, ...argv: string[]): string =>
  `${[user, name, path, `${argv.join('\u001F')}\u001F`].join('\t')}\n`;
const clone = (path: string) => ({ path, url: 'git@forge:a.git', branch: 'main', name: 'A', email: 'a@b' });

describe('the loops of a rig', () => {
  const facts: OldRigFacts = {
    ...noFacts,
    clones: [clone('/srv/mill/one'), clone('/srv/mill')],
    prompts: ['/srv/mill/plan/prompts/builder.md'],
  };

  test('are what its sessions run, named without the rig, in the clone that they work in', () => {
    const seen = parseSessions(
      session('ada', 'mill-builder', '/srv/mill/one/src', 'node', '/srv/mill/run.mjs', '--as', 'builder') +
        session('ada', 'mill-watch', '/srv/mill', 'python3', 'watch.py') +
        `ada\tshell\t/home/ada\t\n`,
    );
    expect(findLoops('mill', '/srv/mill', seen, facts)).toMatchObject([
      {
        name: 'builder',
        session: 'mill-builder',
        agent: 'generic',
        command: ['node', '/srv/mill/run.mjs', '--as', 'builder'],
        process: 'node /srv/mill/run.mjs --as builder',
        clone: { path: '/srv/mill/one' },
        role: 'claimer',
        prompt: '/srv/mill/plan/prompts/builder.md',
      },
      { name: 'watch', clone: undefined, role: undefined, prompt: undefined },
    ]);
  });

  test('have names of their own, also where their sessions are named alike', () => {
    const seen = parseSessions(
      ['mill-one', 'mill_one', 'Mill-One', 'один', 'два']
        .map((name) => session('ada', name, '/srv/mill', 'node', name))
        .join(''),
    );
    expect(findLoops('mill', '/srv/mill', seen, facts).map(({ name }) => name)).toEqual([
      'one',
      'one-2',
      'one-3',
      'loop',
      'loop-2',
    ]);
  });

  test('keep neither the session nor the prompt of Claude Code, and are known without them', () => {
    const id = '0b7e2c1a-5f4e-4c1e-9b53-0a2f7a6f9b10';
    const argv = [
      'claude',
      '--remote-control',
      '--dangerously-skip-permissions',
      '--resume',
      id,
      'Go on\nplease',
    ];
    const [loop] = findLoops(
      'mill',
      '/srv/mill',
      parseSessions(session('ada', 'x', '/srv/mill', ...argv.map((word) => word.replaceAll('\n', '\u001E')))),
      facts,
    );
    expect(loop).toMatchObject({
      agent: 'claude-code',
      command: ['claude', '--remote-control', '--dangerously-skip-permissions'],
      process: 'claude --remote-control --dangerously-skip-permissions',
    });
  });
});

test('a variable whose value or name may be secret is not plain', () => {
  expect(['MODE=day', 'DIR=/srv/a:b', 'EMPTY='].every(isPlainVariable)).toBe(true);
  const hidden = ['API_KEY=hunter2', 'PASSWORD=x', 'GH_TOKEN=a', `MODE=${'a'.repeat(21)}`, 'MODE=a b'];
  expect(hidden.filter(isPlainVariable)).toEqual([]);
});

test('the starts of a rig come from its unit, else from the crontab', () => {
  const unit = parseWorkspace('unit\tmill.service\t/srv/mill/run up\t/srv/mill/run down\tA=1 B=2\n');
  expect(findStarts('/srv/mill', unit)).toEqual({
    start: ['/srv/mill/run', 'up'],
    stop: ['/srv/mill/run', 'down'],
    cronMatch: undefined,
  });
  const cron = parseWorkspace(
    'cron\t*/5 * * * * /srv/mill/bin/go revive\ncron\t@reboot X=1 /srv/mill/bin/go start\n',
  );
  expect(findStarts('/srv/mill', cron)).toEqual({
    start: ['/srv/mill/bin/go', 'start'],
    stop: ['/srv/mill/bin/go', 'stop'],
    cronMatch: 'bin/go',
  });
  expect(findStarts('/srv/mill', noFacts)).toEqual({ start: [], stop: [], cronMatch: undefined });
});

test('secrets have names of their own, and never their content', () => {
  const parts = { oldName: 'pi', user: 'ada', recipients: [] };
  const secrets = ['/srv/mill/.env', '/home/ada/.env', '/srv/mill/tls/site.key'].map(namedSecret);
  expect(secretsContent({ ...parts, secrets })).toMatchObject({
    secrets: [
      { name: 'env', kind: 'env', file: 'secrets/env.env', source: { host: 'pi', path: '/srv/mill/.env' } },
      { name: 'ada-env', kind: 'env', path: '/home/ada/.env', mode: '0400' },
      { name: 'site-key', kind: 'private-key', file: 'secrets/site-key.sops' },
    ],
  });
});

test.each([
  ['ssh://git@host:2222/srv/git/app.git', 'app', 'ssh://git@host:2222/srv/git'],
  ['git@host:/srv/git/app.git', 'app', 'ssh://git@host/srv/git'],
  ['git@host:app.git', 'app', undefined],
  ['git@github.com:org/app.git', 'app', 'ssh://git@github.com/org'],
  ['https://host/org/app', 'app', undefined],
])('the remote %s is repository %s in %s', (url, name, root) => {
  expect(remoteName(url)).toBe(name);
  expect(remoteRoot(url)).toBe(root);
});

test('answers that cannot be used are refused with their form', () => {
  expect(parseAddress('pi.lan')).toEqual({ user: 'root', host: 'pi.lan', port: 22 });
  expect(parseAddress('admin@pi:2222')).toEqual({ user: 'admin', host: 'pi', port: 2222 });
  expect(() => parseAddress('two words')).toThrow(/\[user@\]host\[:port\]/);
  expect(commandWords(`run 'two words' "a b" c`)).toEqual(['run', 'two words', 'a b', 'c']);
});
