import { describe, expect, it } from 'vitest';

import { closureDifference, splitName } from '../../src/plan/closure-difference.ts';
import { disagreements, parseDryActivation } from '../../src/plan/dry-activation.ts';
import { parseDryRun } from '../../src/plan/dry-run.ts';
import { connectionUnits } from '../../src/preflight/connection-units.ts';
import { parseUnits, unitDifference } from '../../src/plan/unit-difference.ts';

const path = (name: string, hash = '0'): string => `/nix/store/${hash.repeat(32)}-${name}`;

describe('parseDryRun', () => {
  it('reads what is built and what is fetched, in singular and plural', () => {
    const text = `warning: something
this derivation will be built:
  /nix/store/x.drv
these 2 paths will be fetched (1.50 MiB download, 3.00 MiB unpacked):
  /nix/store/a
  /nix/store/b
`;
    expect(parseDryRun(text)).toEqual({
      build: ['/nix/store/x.drv'],
      fetch: ['/nix/store/a', '/nix/store/b'],
      download: 1.5 * 1024 * 1024,
      unpacked: 3 * 1024 * 1024,
    });
  });

  it('has nothing to say where nothing is to be done', () => {
    expect(parseDryRun('')).toEqual({ build: [], fetch: [], download: undefined, unpacked: undefined });
  });
});

describe('closureDifference', () => {
  it('tells an update, a removal and an addition, and passes over what was only rebuilt', () => {
    const before = [
      { path: path('git-2.40'), narSize: 100 },
      { path: path('old-tool-1'), narSize: 7 },
      { path: path('same-1'), narSize: 3 },
    ];
    const after = [
      { path: path('git-2.41'), narSize: 110 },
      { path: path('new'), narSize: 5 },
      { path: path('same-1', '1'), narSize: 3 },
    ];
    expect(closureDifference(before, after)).toEqual({
      packages: [
        { name: 'git', before: ['2.40'], after: ['2.41'], size: 10 },
        { name: 'new', before: [], after: [''], size: 5 },
        { name: 'old-tool', before: ['1'], after: [], size: -7 },
      ],
      before: 110,
      after: 118,
    });
  });

  it('finds the version where Nix does', () => {
    expect(splitName('python3.11-requests-2.31.0')).toEqual({
      name: 'python3.11-requests',
      version: '2.31.0',
    });
    expect(splitName('unit-script')).toEqual({ name: 'unit-script', version: '' });
  });
});

describe('unitDifference', () => {
  it('sorts units by what becomes of them, which depends on whether they run', () => {
    const before = parseUnits(
      [
        ...['a', 'gone', 'r', 'l', 't', 'web', 'stays'].map((name) => `active\t${name}.service`),
        'active\tweb.socket',
        'unit\ta.service\trestart\t1\t1',
        'unit\tidle.service\trestart\t1\t1',
        'unit\tgone.service\trestart\t1\t1',
        'unit\tstays.service\trestart,stays\t1\t1',
        'unit\toff.service\trestart\t1\t1',
        'unit\tr.service\treload\t1\t1',
        'unit\tl.service\tleave\t1\t1',
        'unit\tt.service\trestart\t1\t1',
        'unit\tsame.service\trestart\t1\t1',
        'unit\tweb.service\tsocket\t1\t1',
        'unit\tweb.socket\tleave\t1\t1',
      ].join('\n'),
    );
    const after = parseUnits(
      [
        'unit\ta.service\trestart\t1\t2',
        'unit\tidle.service\trestart\t1\t2',
        'unit\tnew.service\trestart\t1\t1',
        'unit\tr.service\treload\t1\t2',
        'unit\tl.service\tleave\t1\t2',
        'unit\tt.service\trestart\t2\t1',
        'unit\tsame.service\trestart\t1\t1',
        'unit\tweb.service\tsocket\t1\t2',
        'unit\tweb.socket\tleave\t1\t1',
      ].join('\n'),
    );
    expect(unitDifference(before, after)).toEqual({
      added: ['new.service'],
      removed: ['gone.service', 'off.service', 'stays.service'],
      stopped: ['gone.service'],
      restarted: ['a.service', 'web.socket'],
      reloaded: ['r.service', 't.service'],
      left: ['l.service'],
      inactive: ['idle.service'],
    });
  });

  it('knows the units that a connection may stand on', () => {
    const units = [
      'sshd.service',
      'sshd@.service',
      'tailscaled.service',
      'dhcpcd.service',
      'web.service',
      'wg-quick-a.service',
    ];
    expect(connectionUnits(units)).toEqual(units.filter((unit) => unit !== 'web.service'));
  });
});

describe('the new system’s own dry-activate', () => {
  const text = `would stop the following units: gone.service, web.service
would NOT stop the following changed units: l.service
would activate the configuration...
would reload the following units: r.service
would restart the following units: a.service, asked-for.service
would start the following units: web.service
`;

  it('is read, in the words of switch-to-configuration-ng', () => {
    expect(parseDryActivation(text)).toEqual({
      stopped: ['gone.service', 'web.service'],
      restarted: ['a.service', 'asked-for.service'],
      reloaded: ['r.service'],
      started: ['web.service'],
      left: ['l.service'],
    });
    expect(parseDryActivation('Could not acquire lock\n')).toBeUndefined();
  });

  it('is held against what the files tell', () => {
    const theirs = parseDryActivation(text);
    const ours = {
      added: [],
      removed: [],
      stopped: ['gone.service'],
      restarted: ['a.service', 'web.service'],
      reloaded: ['r.service', 'b.service'],
      left: [],
      inactive: [],
    };
    expect(theirs && disagreements(ours, theirs)).toEqual([
      'it would restart asked-for.service, which its files do not tell',
      'it would not reload b.service, although its file differs',
    ]);
  });
});
