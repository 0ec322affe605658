import { RunbookError } from './errors.ts';
import type { Evidence } from './json.ts';
import { listState, record, recordOf, recordStep, type Session } from './session.ts';
import type { Step, StepContext } from './step.ts';

/** What a call of `step` is given. */
export function makeContext<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
  signal: AbortSignal,
): StepContext<World> {
  return {
    world: session.runbook.world,
    signal,
    runId: session.runId,
    unit: `cutover-${session.runId}-${step.id}`,
    recordedOperation: recordOf(session, step)?.operation,
    evidence: (id) => evidenceOf(session, step.id, id),
    operation: async (operation) => {
      await recordStep(session, step, attempt, { event: 'op', operation });
    },
    progress: (text) => {
      session.emit({
        event: 'progress',
        list: session.list,
        step: step.id,
        text: session.redactor.text(text),
      });
    },
    owner: async (owner, ownerEpoch) => {
      await record(session, { event: 'owner', owner, ownerEpoch });
    },
    downtime: async (edge) => {
      await record(session, { event: 'downtime', edge });
    },
  };
}

function evidenceOf<World>(session: Session<World>, asking: string, id: string): Evidence {
  const known = listState(session)?.steps.get(id);
  if (known?.status !== 'verified') {
    throw new RunbookError(
      `step ${asking} asks for the evidence of ${id}, which is not verified: name it in its needs`,
    );
  }
  return known.evidence;
}
