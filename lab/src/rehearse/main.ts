#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { type Evidence } from './evidence/collector.ts';
import { createNarrator } from './narrator.ts';
import type { RehearsedAgent } from './real-agents.ts';
import { type ForgeKind, rehearse } from './rehearse.ts';

const { values } = parseArgs({
  options: {
    fresh: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rollback: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    agent: { type: 'string', default: 'stand-in' },
    lab: { type: 'string' },
    forge: { type: 'string' },
    'undo-at': { type: 'string' },
    'kill-at': { type: 'string', multiple: true, default: [] },
  },
});

function forgeNamed(name: string | undefined): ForgeKind | undefined {
  if (name === undefined || name === 'ssh' || name === 'gitea' || name === 'git') return name;
  throw new Error(`--forge: ${name} is none of ssh, gitea and git`);
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));
}

const print = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const narrator = createNarrator((line) => (values.json ? process.stderr : process.stdout).write(line));
const onEvidence = ({ evidence, ok, facts }: Evidence): void => {
  if (values.json) print({ evidence, ok, ...facts });
  else narrator.say(`  ${ok ? '✓' : '✗'} evidence: ${evidence}${ok ? '' : ` — ${JSON.stringify(facts)}`}`);
};

try {
  const result = await rehearse({
    ...(values.lab === undefined ? {} : { lab: values.lab }),
    agent: agentOf(values.agent),
    fresh: values.fresh,
    keep: values.keep,
    rollback: values.rollback,
    full: values.full,
    forge: forgeNamed(values.forge),
    killAt: values['kill-at'],
    ...(values['undo-at'] === undefined ? {} : { undoAt: values['undo-at'] }),
    narrator,
    onEvidence,
    signal: interrupted.signal,
  });
  for (const [what, seconds] of narrator.timings()) narrator.say(`${what}: ${seconds.toFixed(1)} s`);
  narrator.say(`report: ${result.report}`);
  const { passed, phases, steps, seconds, downtimeSeconds } = result;
  const last = { result: passed ? 'passed' : 'failed', phases, steps, seconds, downtimeSeconds };
  if (values.json) print(last);
  else
    narrator.say(
      `${last.result}: ${phases} phases, ${steps} steps, ${seconds} s, downtime ${downtimeSeconds} s`,
    );
  process.exitCode = passed ? 0 : 1;
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  if (values.json) print({ result: 'failed', message });
  process.stderr.write(`bin/rehearse: ${message}\n`);
  if (process.env['CUTOVER_DEBUG'] === '1' && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`);
  process.exitCode = 1;
}

function agentOf(word: string): RehearsedAgent {
  if (word === 'claude' || word === 'stand-in') return word;
  throw new Error(
    `there is no agent ${word}; --agent claude runs Claude Code, without it the lab's own program works`,
  );
}
