import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../src/commands/exit-codes.ts';
import { filesOf } from '../engine/toy.ts';
import { buildToyCommand, toyCommand, type ToyScript } from './toy-command.ts';

let script: ToyScript;
beforeAll(async () => {
  script = await buildToyCommand();
}, 60_000);
afterAll(async () => script[Symbol.asyncDispose]());

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('nothing runs by default; a reviewed plan does', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  const unasked = await command.run('run');
  expect(unasked.code).toBe(2);
  expect(unasked.stderr).toContain('nothing runs by default');
  const [plan] = linesOf((await command.run('plan', '--json')).stdout);
  expect(await filesOf(command.toy)).toEqual([]);
  const run = await command.run('run', '--plan', String(plan?.['hash']).slice(0, 12));
  expect(run.code).toBe(0);
  expect(run.stdout).toContain('old (epoch 41)');
  expect(await filesOf(command.toy)).toEqual(['step-1', 'step-2']);
});

test('another plan than the reviewed one is refused with 12', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  const refused = await command.run('run', '--plan', '0123456789ab');
  expect(refused.code).toBe(12);
  expect(await filesOf(command.toy)).toEqual([]);
});

test('--json is the journal, line by line, and the news of what runs', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  const { stdout } = await command.run('run', '--yes', '--json');
  const events = linesOf(stdout).filter((event) => 'seq' in event);
  const journal = linesOf(await readFile(join(command.toy.stateDirectory, 'journal.jsonl'), 'utf8'));
  expect(events).toEqual(journal);
  expect(events.at(-1)).toMatchObject({ type: 'run.ended', result: 'ok' });
});

test('a gate is approved from another process', async () => {
  await using command = await toyCommand(script, { steps: 3, gate: true });
  const child = command.start('run', '--yes', '--json');
  const closed = once(child, 'close');
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('gate.open')) break;
  const status = await command.run('status', '--json');
  expect(linesOf(status.stdout)[0]).toMatchObject({ gates: [{ step: 'step-2', text: 'Go on?' }] });
  expect((await command.run('approve', 'step-1')).code).toBe(2);
  const approved = await command.run('approve', 'step-2', '--by', 'ada', '--note', 'looks right');
  expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining('approved by ada') });
  expect(await closed).toEqual([0, null]);
  const report = (await command.run('report')).stdout;
  expect(report).toContain('approved by ada looks right');
  expect((await command.run('approve', 'step-2')).code).toBe(2);
});

test('a gate that is denied ends the run as failed', async () => {
  await using command = await toyCommand(script, { steps: 2, gate: true });
  const child = command.start('run', '--yes', '--json');
  const closed = once(child, 'close');
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('gate.open')) break;
  await command.run('deny', 'step-2', '--by', 'ada');
  expect(await closed).toEqual([1, null]);
  expect(await filesOf(command.toy)).toEqual(['step-1']);
});

test('two runners at once: the second is told who holds it, and exits 11', async () => {
  await using command = await toyCommand(script, { steps: 2, gate: true });
  const first = command.start('run', '--yes', '--json');
  const closed = once(first, 'close');
  for await (const chunk of first.stdout ?? []) if (String(chunk).includes('gate.open')) break;
  const second = await command.run('run', '--yes');
  expect(second.code).toBe(11);
  expect(second.stderr).toContain(`pid ${first.pid}`);
  const unlock = await command.run('unlock');
  expect(unlock.code).toBe(11);
  await command.run('approve', 'step-2', '--by', 'ada');
  expect(await closed).toEqual([0, null]);
  expect((await command.run('unlock')).stdout).toContain('not locked');
});

test('the first Ctrl-C lets the step end and begins no other', async () => {
  await using command = await toyCommand(script, { steps: 4, pause: 1500 });
  const child = command.start('run', '--yes', '--json');
  const closed = once(child, 'close');
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('"intent"')) break;
  child.kill('SIGINT');
  expect(await closed).toEqual([130, null]);
  expect(await filesOf(command.toy)).toContain('step-1');
  expect(await filesOf(command.toy)).not.toContain('step-2');
  const resumed = await command.run('resume');
  expect(resumed.code).toBe(0);
  expect(resumed.stdout).toContain('✓ step-4');
});

test('the second Ctrl-C cuts off what runs, even what does not heed its signal', async () => {
  await using command = await toyCommand(script, { steps: 2, pause: 60_000 });
  const child = command.start('run', '--yes', '--json');
  const closed = once(child, 'close');
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('"intent"')) break;
  child.kill('SIGINT');
  for await (const chunk of child.stderr ?? []) if (String(chunk).includes('again to cut it off')) break;
  child.kill('SIGINT');
  expect(await closed).toEqual([130, null]);
  expect(await filesOf(command.toy)).toEqual([]);
});

test('no output of any command shows a secret', async () => {
  const secret = 'correct-horse-battery-staple';
  await using command = await toyCommand(script, { steps: 2, secret });
  const outputs = [
    await command.run('run', '--yes'),
    await command.run('report', '--json'),
    await command.run('status'),
  ];
  for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain(secret);
  expect(outputs[0]?.stdout).toContain('[redacted]');
});

test('a run goes on when whoever watched it goes away', async () => {
  await using command = await toyCommand(script, { steps: 4, pause: 50 });
  const child = command.start('run', '--yes');
  const closed = once(child, 'close');
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('step-1')) break;
  expect(child.stdout?.destroyed).toBe(true);
  expect(await closed).toEqual([0, null]);
  expect(await filesOf(command.toy)).toHaveLength(4);
});

test('status --watch shows the journal as it grows, until Ctrl-C', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  await command.run('plan');
  const watching = command.start('status', '--watch', '--json');
  const closed = once(watching, 'close');
  let seen = '';
  for await (const chunk of watching.stdout ?? []) {
    if (seen === '') await command.run('run', '--yes');
    seen += String(chunk);
    if (seen.includes('"ended":"ok"') && !watching.killed) watching.kill('SIGINT');
  }
  expect(await closed).toEqual([0, null]);
  expect(linesOf(seen)[0]).toMatchObject({ steps: [] });
});

test('before a run there is nothing to report', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  const { code, stderr } = await command.run('report');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('there is no state directory'),
  });
  await command.run('plan');
  expect((await command.run('report')).stderr).toContain('nothing to report');
});

test('a report is written without any host', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  await command.run('run', '--yes');
  const file = join(command.toy.world.directory, '..', 'report.html');
  expect((await command.run('report', '--html', file)).code).toBe(0);
  const page = await readFile(file, 'utf8');
  expect(page).toContain('a directory stands for a host');
  expect(page).not.toMatch(/<script|https?:\/\//);
});

test('every command explains itself', async () => {
  await using command = await toyCommand(script, { steps: 1 });
  const help = (await command.run('--help')).stdout;
  for (const name of [
    'doctor',
    'plan',
    'run',
    'resume',
    'status',
    'approve',
    'deny',
    'cancel',
    'rollback',
    'again',
    'report',
    'unlock',
  ]) {
    expect(help).toContain(`  ${name} `);
  }
});

test('a run is cancelled from another process: what runs ends, and resume goes on', async () => {
  await using command = await toyCommand(script, { steps: 3, gate: true });
  expect((await command.run('cancel')).code).toBe(2);
  const child = command.start('run', '--yes', '--json');
  const closed = once(child, 'close');
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('gate.open')) break;
  const cancelled = await command.run('cancel', '--by', 'ada', '--note', 'not today');
  expect(cancelled).toMatchObject({ code: 0, stdout: expect.stringContaining(`pid ${child.pid}`) });
  expect(await closed).toEqual([130, null]);
  expect((await command.run('report')).stdout).toContain('cancelled by ada: not today');
  const resumed = command.start('resume', '--json');
  const resumedClosed = once(resumed, 'close');
  for await (const chunk of resumed.stdout ?? []) if (String(chunk).includes('looking')) break;
  await command.run('approve', 'step-2', '--by', 'ada');
  expect(await resumedClosed).toEqual([0, null]);
  expect(await filesOf(command.toy)).toHaveLength(3);
});

test('the runbook’s own words, lists and errors are the command’s', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  const run = await command.run('run', '--yes');
  expect(run.stdout).toContain('owner of the toy: old (epoch 41)');
  expect((await command.run('again')).code).toBe(2);
  expect((await command.run('again', '--yes')).code).toBe(0);
  expect(await filesOf(command.toy)).toEqual(['more', 'step-1', 'step-2']);
  expect((await command.run('--version')).stdout).toBe('1.2.3\n');

  await using wrong = await toyCommand(script, { steps: 1, failWith: 'TOY_CONFIG' });
  expect(await wrong.run('plan', '--json')).toMatchObject({
    code: 2,
    stdout: expect.stringContaining('"TOY_CONFIG"'),
  });
  await using broken = await toyCommand(script, { steps: 1, failWith: 'TOY_BROKEN' });
  expect((await broken.run('plan')).code).toBe(20);
});

test('the help has one table of exit codes, those of the runbook’s own included', async () => {
  await using command = await toyCommand(script, { steps: 1 });
  const { stdout } = await command.run('--help');
  for (const { code, meaning } of Object.values(exitCodes)) {
    expect(stdout).toContain(`${String(code).padStart(5)}  ${meaning}`);
  }
  expect(stdout).toContain('   20  the toy is broken');
});

test('a person attests under their name, with the words that the runbook knows; status tells what is amiss', async () => {
  await using command = await toyCommand(script, { steps: 1 });
  const word = ['--how', 'power cut', '--by', 'Ada'];
  await command.run('plan');
  expect((await command.run('attest', 'old', ...word)).stderr).toContain('there is no run');
  expect((await command.run('status')).stdout).not.toContain('the key of old is back');
  expect((await command.run('plan')).stdout).toContain('! the toy keeps its ssh keys');
  await command.run('run', '--yes');
  const [unnamed, guessed, other, taken] = await Promise.all([
    command.run('attest', 'old', '--how', 'power cut'),
    command.run('attest', 'old', '--how', 'it is dark', '--by', 'Ada'),
    command.run('attest', 'pi', ...word),
    command.run('status', '--json'),
  ]);
  expect([unnamed.code, guessed.code, other.code]).toEqual([2, 2, 2]);
  expect(linesOf(taken.stdout)[0]).toMatchObject({ alarms: [expect.stringContaining('is back')] });
  const attested = await command.run('attest', 'old', ...word, '--json');
  expect(linesOf(attested.stdout)[0]).toMatchObject({
    subject: 'old',
    how: 'power cut',
    by: 'Ada',
    facts: { planHash: expect.any(String) },
  });
  expect((await command.run('report')).stdout).toContain('Ada attests for old: power cut');
});
