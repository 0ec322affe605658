import { userInfo } from 'node:os';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { bindAnswer, GateRefusedError, type OpenGate } from '../gates/answer.ts';
import { leaveAnswer } from '../gates/answer-box.ts';
import { signAnswer } from '../gates/signature.ts';
import { readState } from '../journal/read-state.ts';
import type { JournalState } from '../journal/state.ts';
import { factText } from '../progress/format.ts';
import { printable } from '../progress/printable.ts';
import type { CommandContext } from './context.ts';
import { type CommonOptions, findState, withCommonOptions } from './options.ts';

interface AnswerFlags extends CommonOptions {
  readonly by?: string;
  readonly note?: string;
  readonly evidence?: string;
  readonly sign?: string;
}

/** Adds `approve` and `deny`. */
export function addAnswerCommands<World>(program: Command, { command, io }: CommandContext<World>): void {
  for (const [name, decision] of [
    ['approve', 'approved'],
    ['deny', 'denied'],
  ] as const) {
    const added = withCommonOptions(
      program.command(name).argument('<gate>', 'the id of the step whose gate is open'),
      command,
    )
      .description(`${name} what an open gate asks, from any terminal`)
      .option('--by <name>', 'who answers (default: the user)')
      .option('--note <text>', 'why; kept in the journal')
      .option('--evidence <hash>', 'refuse when the gate shows other evidence than this');
    if (decision === 'approved') {
      added.option('--sign <key>', 'sign it with this ssh key, as the approver that --by names');
    }
    added.action(async (step: string, flags: AnswerFlags) => {
      const files = await findState(command, flags);
      const gate = findGate(await readState(files), step);
      requireEvidence(gate, flags.evidence);
      const by = flags.by ?? userInfo().username;
      const unsigned = bindAnswer(gate, { decision, by, note: flags.note });
      const answer = flags.sign === undefined ? unsigned : await signed(unsigned, flags.sign);
      await leaveAnswer(files.answers, answer);
      const receipt = { id: gate.nonce, state: 'queued' };
      const text =
        flags.json === true
          ? JSON.stringify({ gate: step, decision, by, receipt })
          : answeredText(gate, decision, by);
      await write(io.stdout, `${text}\n`);
    });
  }
}

/** The gate that stands open at a step. */
export function findGate(state: JournalState, step: string): OpenGate {
  const gates = openGates(state);
  const gate = gates.find((open) => open.step === step);
  if (gate === undefined) {
    const others = gates.map((open) => open.step).join(', ');
    throw new GateRefusedError(step, `no gate of ${step} is open${others === '' ? '' : `; open: ${others}`}`);
  }
  if (Date.parse(gate.expires) <= Date.now()) {
    throw new GateRefusedError(
      step,
      `the gate of ${step} expired at ${gate.expires}; \`resume\` opens it again`,
    );
  }
  return gate;
}

/** All gates that stand open. */
export function openGates(state: JournalState): OpenGate[] {
  return [...state.lists.values()].flatMap(({ steps }) =>
    [...steps].flatMap(([step, { gate }]) => (gate?.state === 'open' ? [{ step, ...gate }] : [])),
  );
}

function requireEvidence({ step, evidenceHash }: OpenGate, wanted: string | undefined): void {
  if (wanted === undefined || (wanted.length >= 8 && evidenceHash.startsWith(wanted))) return;
  throw new GateRefusedError(step, `the gate of ${step} shows other evidence: ${evidenceHash.slice(0, 12)}`);
}

async function signed(answer: Parameters<typeof signAnswer>[0], key: string) {
  return signAnswer(answer, key).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GateRefusedError(answer.gate, why, { cause });
  });
}

function answeredText(
  { step, text, evidence, evidenceHash, nonce }: OpenGate,
  decision: string,
  by: string,
): string {
  const facts = Object.entries(evidence).map(([fact, value]) => `  ${fact}: ${factText(value)}`);
  return [
    `${decision} by ${by}: ${step}`,
    `  ${text}`,
    ...facts,
    `  (evidence ${evidenceHash.slice(0, 12)})`,
    `queued as ${nonce.slice(0, 12)}; \`status\` shows what becomes of it, \`cancel ${step}\` takes it back`,
  ]
    .map(printable)
    .join('\n');
}
