import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { on } from '@cutover/host/zx';
import { exitCodes } from '@cutover/runbook';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, type LabInstance, openLab } from '../../src/index.ts';
import { type ExampleCommand, exampleCommand } from './example-command.ts';

let lab: Lab;
let old: LabInstance;
let fresh: LabInstance;
let command: ExampleCommand;

beforeAll(async () => {
  lab = await openLab();
  [old, fresh] = await Promise.all([lab.launch('move-old'), lab.launch('move-new')]);
  command = await exampleCommand('move-service');
  const host = ({ address, hostKey }: LabInstance): object => ({
    host: address,
    privateKeyFile: lab.operator.file,
    hostKeys: [hostKey],
  });
  await writeFile(
    join(command.folder, 'move-service.json'),
    JSON.stringify({ old: host(old), new: host(fresh) }),
  );
  await installOld();
});
afterAll(async () => {
  await command[Symbol.asyncDispose]();
  await Promise.all([old[Symbol.asyncDispose](), fresh[Symbol.asyncDispose]()]);
  await lab[Symbol.asyncDispose]();
});

/** The guestbook as it has long run on the old host. */
async function installOld(): Promise<void> {
  const $ = on(old.host);
  await $`mkdir -p /opt/guestbook`;
  const service = join(command.folder, 'service');
  for (const [from, to] of [
    ['guestbook.py', '/opt/guestbook/guestbook.py'],
    ['guestbook.service', '/etc/systemd/system/guestbook.service'],
  ] as const) {
    await old.host.writeFile(to, await readFile(join(service, from)), { mode: 0o644 });
  }
  await $`systemctl daemon-reload`;
  await $`systemctl enable --now guestbook.service`;
  await sign(old, 'Ada');
  await sign(old, 'Grace');
}

async function sign({ host }: LabInstance, name: string): Promise<void> {
  await on(
    host,
  )`curl --silent --fail --retry 20 --retry-connrefused --retry-delay 1 --data ${name} http://localhost:8080/`;
}

/** What the guestbook of a host says; `undefined`: it does not serve. */
async function entries({ host }: LabInstance): Promise<unknown> {
  const found = await on(host)({ nothrow: true })`curl --silent --fail http://localhost:8080/`;
  return found.exitCode === 0 ? JSON.parse(found.stdout) : undefined;
}

/** Runs it, and answers its one gate when it opens. */
async function runApproved(...argv: string[]): Promise<void> {
  const running = command.run(...argv, '--json');
  let approved = -1;
  while (approved !== 0) {
    const state = await Promise.race([running, command.run('approve', 'stop-old', '--by', 'ada')]);
    if (state.stdout.includes('"run.ended"')) break;
    approved = state.code ?? -1;
  }
  const { code, stdout, stderr } = await running;
  expect({ code, stderr, end: stdout.trim().split('\n').slice(-3).join('\n') }).toMatchObject({ code: 0 });
}

it('moves a service, killed twice on the way, and back again with what was written meanwhile', async () => {
  expect(await command.run('doctor')).toMatchObject({ code: 0 });
  const plan = await command.run('plan');
  expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining('◆ asks first') });

  // Before the commit point a rollback undoes: the new host is as it was, and the old service serves.
  await command.kill(['run', '--yes'], (event) => event.type === 'gate.open');
  expect(await command.run('approve', 'stop-old', '--by', 'ada')).toMatchObject({ code: 0 });
  await command.kill(['resume'], (event) => event.type === 'intent' && event.step === 'copy-to-new');
  expect(await entries(old)).toBeUndefined();
  expect(await command.run('rollback', '--yes')).toMatchObject({ code: 0 });
  expect(await entries(old)).toEqual(['Ada', 'Grace']);
  const left = await on(fresh.host)({ nothrow: true })`ls /opt/guestbook /var/lib/guestbook/guestbook.db`;
  expect(left.stdout).toBe('');

  // Killed while it copies, and while it starts; resumed both times.
  await command.kill(['run', '--yes'], (event) => event.type === 'gate.open');
  expect(await command.run('approve', 'stop-old', '--by', 'ada')).toMatchObject({ code: 0 });
  await command.kill(['resume'], (event) => event.type === 'intent' && event.step === 'copy-to-new');
  await command.kill(['resume'], (event) => event.type === 'intent' && event.step === 'start-new');
  const resumed = await command.run('resume');
  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('start-new') });
  expect(await entries(fresh)).toEqual(['Ada', 'Grace']);
  expect(await entries(old)).toBeUndefined();
  expect((await command.run('status')).stdout).toContain('host of the guestbook: new (epoch 2');

  // Past the commit point the way back is a move in the other direction, with what the new host has written.
  await sign(fresh, 'Edsger');
  expect(await command.run('rollback', '--yes')).toMatchObject({ code: 0 });
  expect(await entries(old)).toEqual(['Ada', 'Grace', 'Edsger']);
  expect(await entries(fresh)).toBeUndefined();

  const report = (await command.run('report')).stdout;
  expect(report).toContain('downtime of the guestbook');
  expect(report).toContain('approved by ada');

  // And forward again, at a stretch.
  await runApproved('run', '--yes');
  expect(await entries(fresh)).toEqual(['Ada', 'Grace', 'Edsger']);
}, 300_000);

it('stops, changing nothing, when a host does not answer', async () => {
  const config = join(command.folder, 'unreachable.json');
  const gone = { host: old.address, privateKeyFile: lab.operator.file, hostKeys: [fresh.hostKey] };
  await writeFile(config, JSON.stringify({ old: gone, new: gone }));
  const state = join(command.folder, 'unreachable');
  const { code } = await command.run('run', '--yes', '-c', config, '--state', state);
  expect(code).toBe(exitCodes.unsafe.code);
  expect(await command.run('doctor', '-c', config)).toMatchObject({ code: exitCodes.failed.code });
});

it('says what is wrong with a config file', async () => {
  const config = join(command.folder, 'wrong.json');
  await writeFile(config, '{ "old": {} }');
  const { code, stderr } = await command.run('plan', '-c', config);
  expect({ code, stderr }).toEqual({
    code: exitCodes.usage.code,
    stderr: expect.stringContaining('old must have a host and a privateKeyFile'),
  });
});
