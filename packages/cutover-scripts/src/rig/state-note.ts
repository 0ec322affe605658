import type { CutoverSettings } from '../config/schema.ts';

/** What the state note tells, beside the config. */
export interface StateNoteFacts {
  readonly runId: string;
  readonly epoch: number;
  readonly planPhase: number | null;
  /** The commit of the first handoff on the new host. */
  readonly handoff: string | null;
}

/** The note that the old side leaves, in Markdown: for the next orchestrator session, and for anyone who finds the old host. */
export function stateNote(settings: CutoverSettings, facts: StateNoteFacts): string {
  const { name, old, ownership } = settings;
  const { planPhase, handoff } = facts;
  const known = [
    ...(planPhase === null ? [] : [`Resumed in plan phase ${planPhase}.`]),
    ...(handoff === null ? [] : [`The first handoff there was on ${handoff}.`]),
  ];
  return `# The loops have moved to ${name}

Moved from ${old.name} by cutover ${facts.runId}.

- Owner of the loops: ${name}, epoch ${facts.epoch} (${ownership.ref} in ${ownership.repository}).${known.map((line) => `\n- ${line}`).join('')}
- ${old.name} is a cold standby: its workspace ${old.workspace} is whole, and nothing there can start the rig.
- To go back: \`cutover rollback\`, from the machine that ran the cutover. Never start the rig on ${old.name} by hand.
- Before ${old.workspace} on ${old.name} is deleted, ${name} should have come through a reboot: \`cutover reboot-proof\`.
`;
}
