import type { JournalEntry } from '../journal/entry.ts';
import { type GateReport, type Report, type StepReport, stepReport } from './model.ts';

/** Adds one entry of the journal to a report. Keeps, between entries, when each attempt began. */
export function collector(report: Report): (entry: JournalEntry) => void {
  const began = new Map<string, Moment>();
  const open: Open = { downtime: undefined };
  let bootId = '';
  return (entry) => {
    if (entry.type === 'run.started') bootId = entry.runner.bootId;
    const moment = { wall: entry.wall, mono: entry.mono, bootId };
    collect(report, entry, moment, open);
    if (!('step' in entry) || entry.step === undefined || !('stepVersion' in entry)) return;
    const key = `${entry.list} ${entry.step}`;
    const since = began.get(key);
    const step = stepReport(report, entry);
    if (entry.type === 'intent' || entry.type === 'undo.intent') began.set(key, moment);
    if (!['verified', 'failed', 'undone'].includes(entry.type) || since === undefined || step === undefined)
      return;
    // A runner that was killed leaves an attempt open: what passed until the next run is not work.
    if (since.bootId === bootId) {
      step.milliseconds += between(since, moment);
      step.spans.push({ from: Date.parse(since.wall), to: Date.parse(since.wall) + between(since, moment) });
    }
    began.delete(key);
  };
}

interface Moment {
  readonly wall: string;
  readonly mono: number;
  readonly bootId: string;
}

/** By the monotonic clock where both were read on the same boot, by the wall clock otherwise. */
function between(from: Moment, to: Moment): number {
  if (from.bootId === to.bootId) return to.mono - from.mono;
  return Date.parse(to.wall) - Date.parse(from.wall);
}

/** What began and has not ended yet. */
interface Open {
  downtime: Moment | undefined;
}

function collect(report: Report, entry: JournalEntry, moment: Moment, open: Open): void {
  const { wall, list } = entry;
  report.runId = entry.runId;
  report.started ||= wall;
  report.ended = wall;
  switch (entry.type) {
    case 'plan': {
      report.runbook = entry.runbook;
      report.phases = entry.phases;
      report.words = entry.words;
      report.standIns.splice(0, Infinity, ...entry.standIns);
      report.plans.push({ wall, list, hash: entry.planHash, steps: entry.steps.length });
      const before = entry.fresh ? undefined : report.lists.get(list);
      const steps = entry.steps.map((plan): [string, StepReport] => [
        plan.id,
        { ...(before?.get(plan.id) ?? emptyStep(plan)), plan },
      ]);
      report.lists.set(list, new Map(steps));
      return;
    }
    case 'run.started':
      report.result = undefined;
      report.runs.push({ ...entry, result: undefined, reason: undefined, ended: undefined });
      report.timeline.push({
        wall,
        text: `${entry.mode} by ${entry.runner.user}@${entry.runner.host}`,
        kind: 'plain',
      });
      return;
    case 'run.ended': {
      report.result = entry.result;
      const run = report.runs.at(-1);
      if (run !== undefined) Object.assign(run, { result: entry.result, reason: entry.reason, ended: wall });
      report.timeline.push({
        wall,
        text: `ended: ${entry.result}`,
        kind: entry.result === 'ok' ? 'good' : 'bad',
      });
      return;
    }
    case 'owner':
      report.owners.push({ wall, owner: entry.owner, epoch: entry.ownerEpoch });
      report.timeline.push({
        wall,
        text: `${report.words.owner}: ${entry.owner}, epoch ${entry.ownerEpoch}`,
        kind: 'plain',
      });
      return;
    case 'downtime':
      collectDowntime(report, entry.edge, moment, open);
      report.timeline.push({
        wall,
        text: `${report.words.downtime} ${entry.edge}`,
        kind: 'plain',
      });
      return;
    case 'cancelled':
      report.timeline.push({
        wall,
        text: `cancelled by ${entry.by}${entry.note === undefined ? '' : `: ${entry.note}`}`,
        kind: 'gate',
      });
      return;
    case 'attested':
      report.timeline.push({
        wall,
        text: `${entry.by} attests for ${entry.subject}: ${entry.how}`,
        kind: 'gate',
      });
      return;
    case 'rollback.abandoned':
      report.timeline.push({ wall, text: 'the rollback was given up', kind: 'bad' });
      return;
    case 'reset':
      if (entry.abandoned === true) {
        const text = 'the rollback was given up after it came back past C1: the move starts over';
        report.timeline.push({ wall, text, kind: 'bad' });
        return;
      }
      report.rollbacks.push(wall);
      report.timeline.push({ wall, text: 'rolled back', kind: 'bad' });
      return;
    default:
      collectStep(report, entry);
  }
}

/** The beginning may be recorded more than once, by an attempt and the one that resumed it: the first counts. */
function collectDowntime(report: Report, edge: 'begins' | 'ends', moment: Moment, open: Open): void {
  if (edge === 'begins' && open.downtime === undefined) {
    open.downtime = moment;
    report.downtimes.push({ from: moment.wall, to: undefined, milliseconds: undefined });
  } else if (edge === 'ends' && open.downtime !== undefined) {
    Object.assign(report.downtimes.at(-1) ?? {}, {
      to: moment.wall,
      milliseconds: between(open.downtime, moment),
    });
    open.downtime = undefined;
  }
}

type StepEntry = Extract<JournalEntry, { stepVersion: number }>;

function collectStep(report: Report, entry: StepEntry): void {
  const { wall } = entry;
  const step = stepReport(report, entry);
  if (step === undefined) return;
  const say = (text: string, kind: Report['timeline'][number]['kind'] = 'plain'): void => {
    report.timeline.push({ wall, text: `${entry.step}: ${text}`, kind });
  };
  switch (entry.type) {
    case 'intent':
      step.state = 'begun';
      step.attempts += 1;
      step.from ??= wall;
      return;
    case 'verified':
      step.state = 'verified';
      step.how = entry.how;
      step.evidence = entry.evidence;
      if (entry.how === 'human') meetGate(report, entry.step, wall);
      return say(entry.how === 'human' ? 'done by a person, seen by its probe' : entry.how, 'good');
    case 'failed':
      step.state = 'failed';
      step.errors.push({ wall, during: entry.during, error: entry.error });
      return say(`failed in ${entry.during}: ${entry.error.message}`, 'bad');
    case 'stopped':
      step.state = 'stopped';
      return say(`${entry.state}: ${entry.reason}`, 'bad');
    case 'drift':
      report.drift.push({ wall, step: entry.step, state: entry.state, reason: entry.reason ?? '' });
      return say(`drifted: now ${entry.state}`, 'bad');
    case 'commit':
      report.commits.push({ wall, step: entry.step, point: entry.point });
      return say(`commit point ${entry.point}`, 'gate');
    case 'gate.open':
      report.gates.push({
        ...entry,
        opened: wall,
        answer: 'open',
        by: undefined,
        note: undefined,
        answered: undefined,
      });
      return say('gate opened', 'gate');
    case 'gate.approved':
    case 'gate.denied':
      answerGate(report, entry.nonce, {
        answer: entry.type.slice(5),
        by: entry.by,
        note: entry.note,
        answered: wall,
      });
      return say(`${entry.type.slice(5)} by ${entry.by}`, 'gate');
    case 'gate.expired':
      answerGate(report, entry.nonce, { answer: 'expired', by: undefined, note: undefined, answered: wall });
      return say('not answered in time', 'gate');
    case 'gate.refused':
      return say(`an answer was refused: ${entry.reason}`, 'bad');
    case 'gate.withdrawn':
      answerGate(report, entry.nonce, {
        answer: 'approved, and taken back',
        by: entry.by,
        note: entry.note,
        answered: wall,
      });
      return say(`the approval was taken back by ${entry.by}`, 'gate');
    case 'undone':
      step.state = 'undone';
      return say('undone');
    case 'op':
    case 'applied':
    case 'undo.intent':
      return;
  }
}

type GateAnswered = Pick<GateReport, 'answer' | 'by' | 'note' | 'answered'>;

function answerGate(report: Report, nonce: string, answer: GateAnswered): void {
  const gate = report.gates.findLast((opened) => opened.nonce === nonce);
  if (gate !== undefined) Object.assign(gate, answer);
}

/** A person did the step: what was seen of it answers its gate. */
function meetGate(report: Report, step: string, wall: string): void {
  const gate = report.gates.findLast((opened) => opened.step === step);
  if (gate?.kind === 'human') Object.assign(gate, { answer: 'done', answered: wall });
}

function emptyStep(plan: StepReport['plan']): StepReport {
  return {
    plan,
    state: 'pending',
    how: undefined,
    attempts: 0,
    from: undefined,
    milliseconds: 0,
    spans: [],
    evidence: {},
    errors: [],
  };
}
