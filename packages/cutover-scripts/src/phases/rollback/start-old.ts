import { lookAtOldRig, startOldRig } from '../../old-rig/start-old-rig.ts';
import { inspectStarts, unfenceStarts } from '../../old-rig/start-fence.ts';
import { unitState } from '../../new-host/unit-state.ts';
import { requireOldMay } from '../../ownership/ownership.ts';
import { step } from '../../world/step.ts';
import { wayBack } from './way-back.ts';

const phase = 'd-cut-over';
const second = 1000;

export const enableOld = step({
  id: 'back-enable-old',
  version: 1,
  phase,
  title: 'give the starts of the old rig back',
  on: ['old host'],
  kind: 'compensable',
  needsClaim: true,
  inputs: ({ settings: { old } }) => ({ units: old.units, standby: old.standbyUnits }),
  async check({ world: { settings, old }, signal }) {
    const [starts, standby] = await Promise.all([
      inspectStarts(old, settings.old, signal),
      Promise.all(settings.old.standbyUnits.map((unit) => unitState(old, unit, signal))),
    ]);
    // All of it: a runner may have been killed after a part, and what is missing would come out at the next boot.
    const asleep = standby.filter(({ disabled }) => disabled).map(({ unit }) => unit);
    const given = starts.taken.length === 0 && asleep.length === 0;
    return { state: given ? 'satisfied' : 'absent', evidence: { ...starts, asleep } };
  },
  async apply({ world, signal }) {
    const { settings, old } = world;
    await requireOldMay(world, undefined, signal);
    await unfenceStarts(old, settings.old, signal);
    const { standbyUnits } = settings.old;
    if (standbyUnits.length > 0) await old.run(['systemctl', 'enable', '--now', ...standbyUnits], { signal });
  },
  ...wayBack,
  timeout: 60 * second,
});

export const startOld = step({
  id: 'back-start-old',
  version: 1,
  phase,
  title: 'start the old rig again',
  on: ['old host'],
  kind: 'compensable',
  needsClaim: true,
  inputs: ({ settings: { old } }) => ({ start: old.start }),
  async check({ world, signal }) {
    const look = await lookAtOldRig(world, signal);
    if (look.running === 0) return { state: 'absent', evidence: { ...look } };
    // A runner that was killed amid the start leaves a part of it.
    return { state: look.missing.length === 0 ? 'satisfied' : 'partial', evidence: { ...look } };
  },
  async apply({ world, signal, downtime }) {
    await startOldRig(world, signal);
    await downtime('ends');
  },
  // Not all that a rig is known by need run at all times.
  verify: async ({ world, signal }) => ({ ...(await lookAtOldRig(world, signal)) }),
  ...wayBack,
  timeout: 120 * second,
});
