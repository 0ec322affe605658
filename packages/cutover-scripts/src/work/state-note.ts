import type { JsonValue } from '@cutover/runbook';
import type { CutoverSettings } from '../config/schema.ts';

/** What the state note tells, beside the config. */
export interface StateNoteFacts {
  readonly runId: string;
  readonly epoch: JsonValue | undefined;
  readonly planPhase: JsonValue | undefined;
  readonly handoff: JsonValue | undefined;
}

/** The note that the old side leaves, in Markdown: for the next orchestrator session, and for whoever finds the old host. */
export function stateNote(settings: CutoverSettings, facts: StateNoteFacts): string {
  const { name, old, ownership } = settings;
  const said = (fact: JsonValue | undefined): string =>
    fact === undefined ? 'unknown' : typeof fact === 'object' ? JSON.stringify(fact) : String(fact);
  return `# The loops have moved to ${name}

Moved from ${old.name} by cutover ${facts.runId}.

- Owner of the loops: ${name}, epoch ${said(facts.epoch)} (${ownership.ref} in ${ownership.repository}).
- Resumed in plan phase ${said(facts.planPhase)}; the first handoff there was on ${said(facts.handoff)}.
- ${old.name} is a cold standby: its workspace ${old.workspace} is whole, and nothing there can start the rig.
- To go back: \`cutover rollback\`, from the machine that ran the cutover. Never start the rig on ${old.name} by hand.
- Before ${old.workspace} on ${old.name} is deleted, ${name} should have come through a reboot: \`cutover reboot-proof\`.
`;
}
