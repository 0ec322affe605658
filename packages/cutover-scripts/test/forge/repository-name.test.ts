import { expect, it } from 'vitest';
import { repositoryName } from '../../src/forge/repository-name.ts';

const place = {
  url: 'https://git.example.org:8443',
  organization: 'rig',
  ssh: { host: 'ssh.example.org', port: 2222 },
};

it.each([
  ['work', { owner: 'rig', name: 'work' }],
  ['ssh://git@ssh.example.org:2222/other/work.git', { owner: 'other', name: 'work' }],
  ['https://git.example.org:8443/other/work', { owner: 'other', name: 'work' }],
  ['https://git.example.org/other/work', undefined],
  ['ssh://git@ssh.example.org/other/work.git', undefined],
  ['git@ssh.example.org:other/work.git', undefined],
  ['https://github.com/other/work.git', undefined],
  ['ssh://git@ssh.example.org:2222/srv/git/other/work.git', undefined],
])('%s', (repository, name) => {
  expect(repositoryName(repository, place)).toEqual(name);
});

it.each([
  ['https://example.org/gitea/other/work.git', { owner: 'other', name: 'work' }],
  ['https://example.org/other/work.git', undefined],
  ['https://example.org/giteaother/work.git', undefined],
  ['ssh://git@[FD7A::1]:2222/other/work.git', { owner: 'other', name: 'work' }],
])('of a Gitea below a path, at an IPv6 address: %s', (repository, name) => {
  const below = { ...place, url: 'https://example.org/gitea/', ssh: { host: 'fd7a::1', port: 2222 } };
  expect(repositoryName(repository, below)).toEqual(name);
});

it('a name is the same in capital letters', () => {
  const other = { owner: 'other', name: 'work' };
  expect(repositoryName('ssh://git@SSH.example.org:2222/other/work.git', place)).toEqual(other);
  const capital = { ...place, ssh: { ...place.ssh, host: 'SSH.Example.org' } };
  expect(repositoryName('ssh://git@ssh.example.org:2222/other/work.git', capital)).toEqual(other);
});

it('reads the short form of git', () => {
  const onPort22 = { ...place, ssh: { host: 'ssh.example.org', port: 22 } };
  expect(repositoryName('git@ssh.example.org:other/work.git', onPort22)).toEqual({
    owner: 'other',
    name: 'work',
  });
});
