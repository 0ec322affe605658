import { userInfo } from 'node:os';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { readState } from '../engine/engine.ts';
import { bindAnswer, GateRefusedError, leaveAnswer, type OpenGate } from '../gates/answer.ts';
import type { JournalState } from '../journal/state.ts';
import { factText } from '../progress/format.ts';
import type { CommandContext } from './context.ts';
import { type CommonOptions, openState, withCommonOptions } from './options.ts';

interface AnswerFlags extends CommonOptions {
  readonly by?: string;
  readonly note?: string;
  readonly evidence?: string;
}

/** Adds `approve` and `deny`. */
export function addAnswerCommands<World>(program: Command, { command, io }: CommandContext<World>): void {
  for (const [name, decision] of [
    ['approve', 'approved'],
    ['deny', 'denied'],
  ] as const) {
    withCommonOptions(
      program.command(name).argument('<gate>', 'the id of the step whose gate is open'),
      command,
    )
      .description(`${name} what an open gate asks, from any terminal`)
      .option('--by <name>', 'who answers (default: the user)')
      .option('--note <text>', 'why; kept in the journal')
      .option('--evidence <hash>', 'refuse when the gate shows other evidence than this')
      .action(async (step: string, flags: AnswerFlags) => {
        const directory = await openState(command, flags);
        const gate = findGate(await readState(directory), step);
        if (
          flags.evidence !== undefined &&
          (flags.evidence.length < 8 || !gate.evidenceHash.startsWith(flags.evidence))
        ) {
          throw new GateRefusedError(
            step,
            `the gate of ${step} shows other evidence: ${gate.evidenceHash.slice(0, 12)}`,
          );
        }
        const by = flags.by ?? userInfo().username;
        await leaveAnswer(directory.answers, bindAnswer(gate, { decision, by, note: flags.note }));
        const text =
          flags.json === true
            ? JSON.stringify({ gate: step, decision, by })
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

function answeredText(
  { step, text, evidence, evidenceHash }: OpenGate,
  decision: string,
  by: string,
): string {
  const facts = Object.entries(evidence).map(([fact, value]) => `  ${fact}: ${factText(value)}`);
  return [
    `${decision} by ${by}: ${step}`,
    `  ${text}`,
    ...facts,
    `  (evidence ${evidenceHash.slice(0, 12)})`,
  ].join('\n');
}
