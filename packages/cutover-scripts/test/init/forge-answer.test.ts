import { expect, test } from 'vitest';
import { forgeAnswer, repositoryUrl } from '../../src/init/forge-answer.ts';

const answer = (forge: string, ssh?: string) =>
  forgeAnswer(
    new Map([['forge', [forge]], ...(ssh === undefined ? [] : [['forge-ssh', [ssh]] as [string, string[]]])]),
  );

test('commands over ssh, git alone, and a Gitea are told apart by the address', () => {
  expect(answer('ssh://git@git.example.org:2222/srv/git/')).toEqual({
    type: 'ssh',
    ssh: { user: 'git', host: 'git.example.org', port: 2222 },
    root: '/srv/git',
  });
  expect(answer('ssh://git@github.com/org')).toMatchObject({ type: 'git', root: '/org' });
  expect(answer('https://git.example.org/org')).toEqual({
    type: 'gitea',
    url: 'https://git.example.org',
    organization: 'org',
    ssh: { user: 'git', host: 'git.example.org', port: 22 },
    root: '/org',
  });
});

test('the hosts’ way to a repository', () => {
  const gitea = answer('https://git.example.org:3000/org', 'forge@ssh.example.org:2222');
  expect(repositoryUrl(gitea, 'app')).toBe('ssh://forge@ssh.example.org:2222/org/app.git');
  expect(repositoryUrl(answer('ssh://git@host/srv/git'), 'app')).toBe('ssh://git@host/srv/git/app.git');
  const numbered = answer('ssh://git@[2001:db8::1]:2222/srv/git');
  expect(numbered.ssh).toEqual({ user: 'git', host: '2001:db8::1', port: 2222 });
  expect(repositoryUrl(numbered, 'app')).toBe('ssh://git@[2001:db8::1]:2222/srv/git/app.git');
});

test.each([
  ['git@host:app.git', undefined, /ssh:\/\/user@host/],
  ['http://git.example.org/org', undefined, /https:\/\/host\/ORGANIZATION/],
  ['https://git.example.org', undefined, /https:\/\/host\/ORGANIZATION/],
  ['https://git.example.org/org/app', undefined, /https:\/\/host\/ORGANIZATION/],
  ['https://bot:secret@git.example.org/org', undefined, /^(?!.*secret).*https:\/\/host\/ORGANIZATION/],
  ['https://github.com/org', undefined, /ssh:\/\/git@github\.com\/ORGANIZATION/],
  ['https://git.example.org/org', 'two words', /--forge-ssh two words/],
  ['ssh://git@host:99999/srv', undefined, /--forge git@host:99999: .*65535/],
])('%s is refused with its form', (forge, ssh, message) => {
  expect(() => answer(forge, ssh)).toThrow(message);
});
