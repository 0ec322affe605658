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

it('reads the short form of git', () => {
  const onPort22 = { ...place, ssh: { host: 'ssh.example.org', port: 22 } };
  expect(repositoryName('git@ssh.example.org:other/work.git', onPort22)).toEqual({
    owner: 'other',
    name: 'work',
  });
});
