import { stripVTControlCharacters, styleText } from 'node:util';
import { formatDuration } from '@cutover/foundation/duration';
import { mainList } from '../engine/lists.ts';
import { shortPlan, summary } from './format.ts';
import { printable } from './printable.ts';
import { covered, type Span } from './spans.ts';
import type { RunView, StepView } from './view.ts';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** How the tree is to be drawn. */
export interface TreeStyle {
  /** The command's name, for the hint that says how to answer a gate. */
  readonly command: string;
  /** The options that name this run, with a space before them: a gate of another run may have the same name. */
  readonly options: string;
  /** Columns; longer lines are cut. */
  readonly width: number;
  readonly colour: boolean;
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** The run as lines: phases that are done fold into one, the others show their steps. */
export function treeLines(view: RunView, now: number, style: TreeStyle): string[] {
  const paint: Paint = (format, text) =>
    style.colour ? styleText(format, text, { validateStream: false }) : text;
  const lines = [header(view, paint)];
  for (const { id, title } of view.phases) {
    const steps = [...view.steps.values()].filter(({ plan }) => plan.phase === id);
    if (steps.length > 0) lines.push(...phaseLines(title, steps, now, style, paint));
  }
  return lines.map((line) => cut(line, style.width));
}

/** `plan 7c1e · pi → vm · owner pi@41 · 3 gates · 1 irreversible` */
function header({ planHash, runbook, owner, steps, list, commits }: RunView, paint: Paint): string {
  const plans = [...steps.values()].map(({ plan }) => plan);
  const gates = plans.filter(({ gate }) => gate !== undefined).length;
  const irreversible = plans.filter(({ kind }) => kind === 'irreversible').length;
  const parts = [
    `plan ${shortPlan(planHash)}`,
    runbook,
    ...(list === mainList ? [] : [list]),
    ...(owner === undefined ? [] : [`owner ${owner.owner}@${owner.epoch}`]),
    ...(gates === 0 ? [] : [`${gates} ${gates === 1 ? 'gate' : 'gates'}`]),
    ...(irreversible === 0 ? [] : [`${irreversible} irreversible`]),
    ...[...commits].map((point) => `past ${point}`),
  ];
  return paint('bold', parts.join(' · '));
}

function phaseLines(name: string, steps: StepView[], now: number, style: TreeStyle, paint: Paint): string[] {
  const took = covered(steps.flatMap((step) => spanOf(step, now)));
  const title = `${name.padEnd(20)} ${took >= 1000 ? formatDuration(took) : ''}`.trimEnd();
  if (steps.every(({ state }) => state === 'done')) return [`${paint('green', '✓')} ${title}`];
  if (steps.every(({ state }) => state === 'pending')) return [paint('dim', `◦ ${name}`)];
  const bad = steps.some(({ state }) => state === 'failed' || state === 'stopped');
  const mark = bad ? paint('red', '✗') : paint('cyan', '▶');
  const longest = Math.max(...steps.map(({ plan }) => plan.id.length));
  return [`${mark} ${title}`, ...steps.map((step) => `  ${stepLine(step, longest, now, style, paint)}`)];
}

function stepLine(
  step: StepView,
  longest: number,
  now: number,
  { width, command, options }: TreeStyle,
  paint: Paint,
): string {
  const id = step.plan.id.padEnd(longest);
  const room = Math.max(20, width - longest - 8);
  switch (step.state) {
    case 'done':
      return `${paint('green', '✓')} ${id}  ${paint('dim', summary(step.evidence, room) || (step.how ?? ''))}`;
    case 'running':
      return `${paint('cyan', spin(now))} ${paint('bold', id)}  ${activity(step, now)}`;
    case 'gate':
      return `${paint('yellow', '◆')} ${paint('bold', id)}  ${paint('yellow', gateText(step, command, options))}`;
    case 'failed':
    case 'stopped':
      return `${paint('red', '✗')} ${paint('bold', id)}  ${paint('red', oneLine(step.error?.message ?? 'held'))}`;
    case 'undone':
      return `${paint('blue', '↶')} ${id}  undone`;
    default:
      return paint('dim', `◦ ${id}  ${ahead(step)}`.trimEnd());
  }
}

/** `12s of 2m00s  copying closure  last news 3s ago`; times only above a second. */
function activity(step: StepView, now: number): string {
  const spent = elapsed(step, now);
  const time = spent >= 1000 ? `${formatDuration(spent)} of ${formatDuration(step.plan.timeout)}` : '';
  const silent = step.news === undefined ? 0 : now - step.news.at;
  const age = silent >= 3000 ? `last news ${formatDuration(silent)} ago` : '';
  return [time, oneLine(step.news?.text ?? step.plan.title), age].filter((part) => part !== '').join('  ');
}

function gateText({ gate, plan }: StepView, command: string, options: string): string {
  // With its day: a gate may stay open longer than one.
  const until = gate === undefined ? '' : ` until ${gate.expires.slice(0, 16).replace('T', ' ')} UTC`;
  return gate?.kind === 'human'
    ? `waiting for a person${until}: ${plan.title}`
    : `waiting for approval${until}: ${command} approve ${plan.id}${options}`;
}

/** What is still to come at a step: its gate, its commit point. */
function ahead({ plan }: StepView): string {
  const gate = plan.gate === undefined ? '' : plan.gate === 'human' ? '◆ a person does this' : '◆ asks first';
  const commit = plan.commitPoint === undefined ? '' : `◆ ${plan.commitPoint}`;
  return [gate, commit].filter((part) => part !== '').join('  ');
}

function spanOf(step: StepView, now: number): Span[] {
  return step.startedAt === undefined
    ? []
    : [{ from: step.startedAt, to: step.startedAt + elapsed(step, now) }];
}

function elapsed(step: StepView, now: number): number {
  return step.took ?? (step.startedAt === undefined ? 0 : now - step.startedAt);
}

function spin(now: number): string {
  return spinner[Math.floor(now / 100) % spinner.length] ?? '…';
}

function oneLine(text: string): string {
  return printable(text.split('\n', 1)[0] ?? '');
}

/** Cuts by visible characters; a line with colours in it that is too long loses them. */
function cut(line: string, width: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : `${plain.slice(0, Math.max(0, width - 1))}…`;
}
