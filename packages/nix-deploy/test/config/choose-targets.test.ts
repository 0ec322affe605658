import { describe, expect, it } from 'vitest';

import { chooseTargets } from '../../src/config/choose-targets.ts';
import { parseDeployConfig } from '../../src/config/load.ts';
import { membersOf } from '../../src/config/members.ts';

const config = parseDeployConfig(`
targets:
  web1: { tags: [web, first] }
  web2: { tags: [web] }
  db.one: { tags: [db] }
`);

describe('the targets that are meant', () => {
  it.each([
    [[], ['web1', 'web2', 'db.one']],
    [['web*'], ['web1', 'web2']],
    [
      ['@web', 'web1'],
      ['web1', 'web2'],
    ],
    [
      ['db.one', '@first'],
      ['db.one', 'web1'],
    ],
    [['web?'], ['web1', 'web2']],
  ])('%j are %j', (wanted, chosen) => {
    expect(chooseTargets(config, wanted)).toEqual(chosen);
  });

  it.each(['@none', 'dbXone', 'x*'])('%s stands for none: the targets and tags are named', (word) => {
    expect(() => chooseTargets(config, [word])).toThrow(
      /its targets are: web1, web2, db.one; its tags: @web, @first, @db/,
    );
  });
});

describe('a flake at a relative path', () => {
  it('is one of this machine, and evaluated here', () => {
    const at = (flake: string, more = ''): unknown =>
      membersOf(parseDeployConfig(`targets: { a: { flake: '${flake}'${more} } }`))[0]?.options;
    expect(at('.')).toMatchObject({ source: { flake: process.cwd() }, evaluateOn: 'here' });
    expect(at('path:/srv/x')).toMatchObject({ source: { flake: 'path:/srv/x' }, evaluateOn: undefined });
    expect(at('.', ', engine: nixos-rebuild')).toMatchObject({ evaluateOn: undefined });
  });
});

describe('a configuration that is named after the flake', () => {
  const sources = (text: string): unknown =>
    membersOf(parseDeployConfig(text)).map(({ options }) => options.source);

  it('is that of the target, and of each target where the defaults name it', () => {
    expect(
      sources(`
defaults: { flake: 'path:/srv/x#one' }
targets: { a: {}, b: { flake: '.#two' }, c: { configuration: three }, d: { flake: 'path:/srv/y#' } }`),
    ).toEqual([
      { flake: 'path:/srv/x', configuration: 'one' },
      { flake: process.cwd(), configuration: 'two' },
      { flake: 'path:/srv/x', configuration: 'three' },
      { flake: 'path:/srv/y', configuration: 'one' },
    ]);
  });

  it('is named once', () => {
    expect(() => sources("targets: { a: { flake: '.#one', configuration: two } }")).toThrow(
      /targets.a.configuration: the flake names a configuration after its # already/,
    );
  });
});
