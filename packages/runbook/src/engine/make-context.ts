import type { StepContext } from './context.ts';
import { InvalidRunbookError } from './errors.ts';
import type { Evidence } from './json.ts';
import { listState, record, recordOf, recordStep, type Session } from './session.ts';
import type { Step } from './step.ts';
import type { StepReference } from './step-reference.ts';

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
    planHash: session.plan.hash,
    attested: session.state.attested,
    unit: `runbook-${session.runId}-${step.id}`,
    recordedOperation: recordOf(session, step)?.operation,
    evidence: (needed) => evidenceOf(session, step.id, needed),
    completed: (list) => session.state.lists.get(list)?.completed,
    operation: async (operation) => {
      await recordStep(session, step, attempt, { type: 'op', operation });
    },
    progress: (text) => {
      session.emit({
        type: 'progress',
        list: session.list,
        step: step.id,
        text: session.redactor.text(text),
      });
    },
    owner: async (owner, ownerEpoch) => {
      await record(session, { type: 'owner', owner, ownerEpoch });
    },
    downtime: async (edge) => {
      await record(session, { type: 'downtime', edge });
    },
  };
}

/** The journal holds what the step's own code returned, as JSON; another version of the step may have returned another shape. */
function evidenceOf<World, Found extends Evidence>(
  session: Session<World>,
  asking: string,
  { id, version }: StepReference<Found>,
): Found {
  const known = listState(session)?.steps.get(id);
  if (known?.status !== 'verified' || known.version !== version) {
    throw new InvalidRunbookError(
      `step ${asking} asks for the evidence of ${id}, which is not verified: name it in its needs`,
    );
  }
  return known.evidence as Found;
}
