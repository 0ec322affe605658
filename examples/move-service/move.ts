import { on } from '@cutover/host/zx';
import { type Step, stepFor } from '@cutover/runbook';
import { askService, database, inspectDatabase, serviceState, unit } from './service.ts';
import type { Side, World } from './world.ts';

const step = stepFor<World>();
const phase = 'b-move';

/** One direction of the move. */
export interface Direction {
  readonly from: Side;
  readonly to: Side;
}

/**
 * Stop here, copy, start there. The way back, once the new host has written entries of its own, is the same in the other
 * direction: so it is written once.
 */
export function moveSteps({ from, to }: Direction): readonly Step<World>[] {
  const forward = to === 'new';
  const inputs = () => ({ from, to });

  const stop = step({
    id: `stop-${from}`,
    version: 1,
    phase,
    title: `stop the service on the ${from} host`,
    kind: 'reversible',
    timeout: 60_000,
    inputs,
    gate: forward
      ? { kind: 'approval', question: 'Stop the guestbook and move it now?', timeout: 3_600_000 }
      : undefined,
    async check({ world, signal }) {
      const { active, enabled } = await serviceState(world[from], signal);
      return { state: active || enabled ? 'absent' : 'satisfied', evidence: { active, enabled } };
    },
    async apply({ world, signal, downtime }) {
      await downtime('begins');
      await on(world[from])({ signal })`systemctl disable --now ${unit}`;
    },
    async undo({ world, signal, downtime }) {
      await on(world[from])({ signal })`systemctl enable --now ${unit}`;
      await downtime('ends');
    },
  });

  const copy = step({
    id: `copy-to-${to}`,
    version: 1,
    phase,
    title: `copy the database to the ${to} host`,
    kind: 'reversible',
    timeout: 600_000,
    needs: [stop],
    inputs,
    async check({ world, signal }) {
      const source = await inspectDatabase(world[from], signal);
      const copied = await inspectDatabase(world[to], signal);
      if (source === undefined) {
        return { state: 'conflict', evidence: {}, reason: `${world[from].name} has no database any more` };
      }
      return { state: copied?.sha256 === source.sha256 ? 'satisfied' : 'absent', evidence: source };
    },
    async apply({ world, signal }) {
      // Beside its place first: what is at its place is always whole.
      const [source, target] = [on(world[from])({ signal }), on(world[to])({ signal })];
      await target`mkdir -p /var/lib/guestbook`;
      await source`cat ${database}`.pipe(target`cat > ${database}.part`);
      await target`mv ${database}.part ${database}`;
    },
    async undo({ world, signal }) {
      await on(world[to])({ signal })`rm -f ${database} ${database}.part`;
    },
    holdsUntil: `start-${to}`,
  });

  const start = step({
    id: `start-${to}`,
    version: 1,
    phase,
    title: `start the service on the ${to} host`,
    kind: 'compensable',
    leaves: `the service on the ${to} host`,
    timeout: 60_000,
    needs: [copy],
    // From here on the new host writes entries that the old one does not have.
    commitPoint: forward ? 'C1' : undefined,
    inputs,
    async check({ world, signal }) {
      const { active, enabled } = await serviceState(world[to], signal);
      return { state: active && enabled ? 'satisfied' : 'absent', evidence: { active, enabled } };
    },
    async apply({ world, signal }) {
      await on(world[to])({ signal })`systemctl enable --now ${unit}`;
    },
    async verify({ world, signal, evidence, owner, downtime, progress }) {
      progress('asking the service');
      const entries = await untilItAnswers(() => askService(world[to], signal), signal);
      const copied = evidence(copy).entries;
      if (entries < copied) throw new Error(`it tells of ${entries} entries, and ${copied} were copied`);
      await downtime('ends');
      await owner(to, forward ? 2 : 3);
      return { entries };
    },
  });

  return [stop, copy, start];
}

/** A service that was just started may need a moment; the step's own deadline ends the waiting. */
async function untilItAnswers<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
