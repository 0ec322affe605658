import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesOf } from '../engine/toy.ts';
import { buildToyCommand, textOf, toyCommand, type ToyScript } from './toy-command.ts';

let script: ToyScript;
beforeAll(async () => {
  script = await buildToyCommand();
}, 60_000);
afterAll(async () => script[Symbol.asyncDispose]());

test('a full disk before an intent: nothing happened, and the file, the owner and the next command are named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-told-'));
  const told = join(folder, 'told');
  await using command = await toyCommand(script, { steps: 2, notify: ['sh', '-c', `cat > '${told}'`] });
  const journal = join(command.toy.stateDirectory, 'journal.jsonl');
  await command.run('run', '--yes', '--until', 'step-1');
  const { size } = await stat(journal);
  // Room for `run.started` and not for the intent after it.
  const child = command.startWithin(['prlimit', `--fsize=${size + 500}`], 'run', '--yes');
  const texts = Promise.all([child.stdout, child.stderr].map(async (stream) => textOf(stream ?? [])));
  const [code] = await once(child, 'close');
  const text = (await texts).join('');
  expect(await filesOf(command.toy)).toEqual(['step-1']);
  expect(text).toContain(`${journal} cannot be written (EFBIG: file too large, write)`);
  expect(text.split('EFBIG')).toHaveLength(2);
  expect(text).toContain('owner of the toy: old (epoch 41)');
  expect(text).toMatch(/go on: +toy resume --config/);
  expect(code).toBe(13);
  expect(JSON.parse(await readFile(told, 'utf8'))).toMatchObject({
    event: 'failed',
    result: 'unsafe',
    text: expect.stringContaining('cannot be written'),
  });
  await rm(folder, { recursive: true });
  expect((await command.run('run', '--yes')).code).toBe(0);
  expect(await filesOf(command.toy)).toEqual(['step-1', 'step-2']);
});

test('a disk that is full before a run begins is told with the file, the owner and the next command too', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  const { stateDirectory } = command.toy;
  const full = async (...args: string[]) => {
    const child = command.startWithin(['prlimit', '--fsize=10'], ...args);
    const texts = Promise.all([child.stdout, child.stderr].map(async (stream) => textOf(stream ?? [])));
    const [code] = await once(child, 'close');
    return { code, text: (await texts).join('') };
  };
  const fresh = await full('run', '--yes');
  expect(fresh).toEqual({
    code: 13,
    text: expect.stringContaining(`${stateDirectory}/key cannot be written`),
  });
  expect(await readdir(stateDirectory)).toEqual(['answers']);
  await command.run('run', '--yes', '--until', 'step-1');
  const { code, text } = await full('resume');
  expect(code).toBe(13);
  expect(text).toContain(`${stateDirectory}/holder.json cannot be written`);
  expect(text).toContain('owner of the toy: old (epoch 41)');
  expect(text).toMatch(/go on: +toy resume --config/);
  // It has not begun, so a resume would go on with what was run before.
  expect((await full('rollback', '--yes')).text).toMatch(/go on: +toy rollback --config/);
  expect((await full('run', '--yes', '--until', 'step-2')).text).toMatch(/go on: +toy run --until step-2 /);
  expect(await filesOf(command.toy)).toEqual(['step-1']);
});

test('a journal that cannot be written ends the run at once, also where another step waits at a gate', async () => {
  await using command = await toyCommand(script, { steps: 3, gate: true, pause: 1500, pauseOnly: 'step-3' });
  const journal = join(command.toy.stateDirectory, 'journal.jsonl');
  const child = command.start('run', '--yes');
  const text = textOf(child.stdout ?? []);
  const closed = once(child, 'close');
  await expect
    .poll(async () => readFile(journal, 'utf8').catch(() => ''), { timeout: 30_000 })
    .toContain('gate.open');
  const { size } = await stat(journal);
  execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${size + 10}:`]);
  const began = performance.now();
  expect(await closed).toEqual([13, null]);
  // The gate stays open for 20 s.
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await text).toContain('cannot be written');
});

test('a mistyped state directory is told, and not made', async () => {
  await using command = await toyCommand(script, { steps: 1 });
  const attest = ['attest', 'old', '--how', 'power cut', '--by', 'Ada'];
  const looks = [['status'], ['resume'], ['rollback', '--yes'], ['report'], ['cancel'], ['unlock'], attest];
  for (const args of looks) {
    const { code, stderr } = await command.run(...args);
    expect([args[0], code]).toEqual([args[0], 2]);
    expect(stderr).toContain('there is no state directory');
  }
  await expect(access(command.toy.stateDirectory)).rejects.toThrow('ENOENT');
  await command.run('plan');
  expect((await command.run('rollback', '--yes')).stderr).toContain('there is nothing to roll back');
});

test('an unlock without its words tells which they are', async () => {
  await using command = await toyCommand(script, { steps: 1 });
  await command.run('plan');
  const asked = await command.run('unlock', '--json', '--force');
  expect(asked.code).toBe(2);
  expect(JSON.parse(asked.stdout)).toMatchObject({ error: { code: 'USAGE', message: "type 'it is mine'" } });
  expect(await command.run('unlock', '--force', 'it is mine')).toMatchObject({ code: 0, stdout: 'forced\n' });
});

test('the command to go on names the part that was run', async () => {
  await using command = await toyCommand(script, { steps: 3, gate: true });
  const child = command.start('run', '--yes', '--until', 'step-2');
  const text = textOf(child.stdout ?? []);
  const closed = once(child, 'close');
  await expect
    .poll(async () => (await command.run('deny', 'step-2', '--by', 'ada')).code, { timeout: 30_000 })
    .toBe(0);
  await closed;
  expect(await text).toMatch(/go on: +toy resume --until step-2 --config/);
});

test('hooks are told of gates and of the end; one that fails is named, and the run goes on', async () => {
  await using command = await toyCommand(script, { steps: 2, gate: true });
  const log = join(command.toy.world.directory, '..', 'told');
  await using told = await toyCommand(script, {
    steps: 2,
    gate: true,
    notify: ['sh', '-c', `cat >> '${log}'; exit 3`],
  });
  const child = told.start('run', '--yes');
  const text = textOf(child.stdout ?? []);
  const closed = once(child, 'close');
  await expect
    .poll(async () => (await told.run('approve', 'step-2', '--by', 'ada')).code, { timeout: 30_000 })
    .toBe(0);
  expect(await closed).toEqual([0, null]);
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { event: 'gate.opened', step: 'step-2', text: 'Go on?', runbook: 'old → new', evidence: {} },
    { event: 'done', result: 'ok' },
  ]);
  expect(await text).toContain('was not told of gate.opened: it ended with 3');
});

test('Ctrl-C at the question of a gate interrupts the run, and the gate is drawn as one', async () => {
  await using command = await toyCommand(script, { steps: 2, gate: true });
  const { configPath, toy } = command;
  const typed = `stty columns 100 rows 40; TOY_INTERACTIVE=1 exec '${process.execPath}' '${script.path}' run --yes --config '${configPath}' --state '${toy.stateDirectory}'`;
  const terminal = command.startInTerminal(typed);
  let seen = '';
  let sent = false;
  for await (const chunk of terminal.stdout ?? []) {
    seen += String(chunk);
    if (sent || !seen.includes('Approve step-2?')) continue;
    sent = true;
    terminal.stdin?.write('\u0003');
  }
  expect(seen.slice(0, seen.indexOf('Approve step-2?'))).toMatch(/◆ step-2 +waiting for approval/);
  expect(seen).toContain('the gate of step-2 stays open, and the run is interrupted');
  expect(terminal.exitCode ?? (await once(terminal, 'close'))[0]).toBe(130);
  expect(await filesOf(command.toy)).toEqual(['step-1']);
}, 60_000);

test('a third Ctrl-C ends the process at once, and leaves the cursor where it is seen', async () => {
  await using command = await toyCommand(script, { steps: 1, pause: 60_000 });
  const { configPath, toy } = command;
  const typed = `stty columns 100 rows 40; TOY_INTERACTIVE=1 exec '${process.execPath}' '${script.path}' run --yes --config '${configPath}' --state '${toy.stateDirectory}'`;
  const terminal = command.startInTerminal(typed);
  let seen = '';
  let sent = 0;
  const answers = ['working with nothing', 'interrupted: nothing new begins', 'cutting off what runs'];
  for await (const chunk of terminal.stdout ?? []) {
    seen += String(chunk);
    const next = answers[sent];
    if (next === undefined || !seen.includes(next)) continue;
    sent += 1;
    terminal.stdin?.write('\u0003');
  }
  expect(terminal.exitCode ?? (await once(terminal, 'close'))[0]).toBe(130);
  expect(seen.lastIndexOf('\u001B[?25h')).toBeGreaterThan(seen.lastIndexOf('\u001B[?25l'));
}, 60_000);

test('several state directories are one table', async () => {
  await using one = await toyCommand(script, { steps: 2 });
  await using two = await toyCommand(script, { steps: 2, failAt: 'step-2' });
  await one.run('run', '--yes');
  await two.run('run', '--yes');
  const directories = [one.toy.stateDirectory, two.toy.stateDirectory];
  const { stdout } = await one.run('status', ...directories);
  expect(stdout).toMatch(/runbook +done +state +owner/);
  expect(stdout).toMatch(/old → new +2\/2 +ok/);
  expect(stdout).toMatch(/old → new +1\/2 +failed at step-2/);
  const json: unknown = JSON.parse((await one.run('status', ...directories, '--json')).stdout);
  expect(json).toMatchObject([{ done: 2, state: 'ok', gates: [], last: expect.any(String) }, { done: 1 }]);
  const report = await one.run('report', ...directories);
  expect(report.stdout).toMatch(/old → new +ok /);
  expect(report.stdout).toMatch(/old → new +failed /);
  expect(JSON.parse((await one.run('report', ...directories, '--json')).stdout)).toMatchObject([
    { result: 'ok', rollbacks: 0 },
    { result: 'failed' },
  ]);
});

test('a state directory that cannot be read hides none of the others, and is said', async () => {
  await using one = await toyCommand(script, { steps: 1 });
  await one.run('run', '--yes');
  const missing = join(one.toy.stateDirectory, 'typo');
  for (const command of ['status', 'report']) {
    const { code, stdout } = await one.run(command, one.toy.stateDirectory, missing);
    expect(code).toBe(1);
    expect(stdout).toMatch(/old → new/);
    expect(stdout).toContain(`✗ ${missing}  there is no state directory`);
  }
});

test('what a host says cannot move the cursor of a terminal', async () => {
  await using command = await toyCommand(script, {
    steps: 1,
    failAt: 'step-1',
    failSaying: 'no\u001B]0;title\u0007 \u009B2J done',
  });
  const run = await command.run('run', '--yes');
  const [status, report] = [await command.run('status'), await command.run('report')];
  const table = await command.run('status', command.toy.stateDirectory);
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  for (const { stdout } of [run, status, report, table]) expect(stdout).not.toMatch(/[\u0007\u001B\u009B]/);
  expect(run.stdout).toContain('step-1 failed: no');
});
