import { describeOwnership } from '@cutover/loops';
import { findAlarms } from '../ownership/alarms.ts';
import { readOwner } from '../ownership/ownership.ts';
import { seenByNewHost } from '../ownership/seen-by-new-host.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** The ref that says who owns the loops is there, or was never; and what a move took away is still away. */
export function ownershipChecks(world: World): Check[] {
  const { settings, forge } = world;
  return [
    {
      name: 'ownership',
      async look(signal) {
        const found = await readOwner(world, signal);
        const evidence = { ref: settings.ownership.ref, ownership: describeOwnership(found) };
        if (found !== undefined) return good(evidence);
        // No ref is a first run only where no epoch was ever seen, also by a host that another run made.
        const seen = await seenByNewHost(world, signal);
        return seen === undefined
          ? good(evidence)
          : bad(
              `${forge.url(settings.ownership.repository)} has no ${settings.ownership.ref}, and ${settings.name} saw epoch ${seen.epoch}: ` +
                'the ref was deleted. Look on which host the loops run, then run `cutover unlock --ownership`',
              evidence,
            );
      },
    },
    {
      name: 'as the last move left it',
      async look(signal) {
        const alarms = await findAlarms(world, signal);
        return alarms.length === 0 ? good() : bad(alarms.join('; '), { alarms });
      },
    },
  ];
}
