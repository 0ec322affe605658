import { describe, expect, it } from 'vitest';

import { compareSystems } from '../../src/plan/activation-preview.ts';
import { mountUnit } from '../../src/plan/file-systems.ts';
import { parseUnits } from '../../src/plan/unit-difference.ts';

const lines = (...all: readonly string[]): string => all.join('\n');

describe('what becomes of mounts', () => {
  it('is decided by the lines of fstab, as switch-to-configuration-ng does', () => {
    const before = parseUnits(
      lines(
        'mount\t/\t/dev/a\text4\tdefaults',
        'mount\t/nix\t/dev/n\text4\tdefaults',
        'mount\t/srv/old\t/dev/o\text4\tdefaults',
        'mount\t/srv/moved\t/dev/m\text4\tdefaults',
        'mount\t/srv/same\t/dev/s\text4\tdefaults',
        'swap\t/swapfile',
        'swap\t/dev/kept',
      ),
    );
    const after = parseUnits(
      lines(
        'mount\t/\t/dev/b\text4\tdefaults',
        'mount\t/nix\t/dev/n\text4\tnoatime',
        'mount\t/srv/moved\t/dev/m2\text4\tdefaults',
        'mount\t/srv/same\t/dev/s\text4\tdefaults',
        'mount\t/srv/new\t/dev/x\text4\tdefaults',
        'swap\t/dev/kept',
      ),
    );
    expect(compareSystems(before, after)).toMatchObject({
      stopped: ['srv-old.mount'],
      restarted: ['srv-moved.mount'],
      reloaded: ['nix.mount'],
      left: ['-.mount'],
      swapsOff: ['/swapfile'],
    });
  });

  it.each([
    ['/', '-.mount'],
    ['/srv/my data/', 'srv-my\\x20data.mount'],
    ['/.snap-shots', '\\x2esnap\\x2dshots.mount'],
  ])('names the unit of %s as systemd does', (place, unit) => {
    expect(mountUnit(place)).toBe(unit);
  });
});

describe('what becomes of the units of users', () => {
  it('is told for each user whose manager runs and for whom something changes', () => {
    const unit = (essence: string): string => `unit\tagent.service\trestart\t\t${essence}`;
    const before = parseUnits(
      lines(
        'unit\tagent.service\trestart\t\tx',
        'for\t',
        unit('1'),
        'for\tada',
        'active\tagent.service',
        'for\tgrace',
      ),
    );
    const after = parseUnits(lines('unit\tagent.service\trestart\t\tx', 'for\t', unit('2')));
    const { users, restarted } = compareSystems(before, after);
    expect(restarted).toEqual([]);
    expect(users).toMatchObject([{ user: 'ada', restarted: ['agent.service'] }]);
  });
});
