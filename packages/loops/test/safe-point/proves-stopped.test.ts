import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host, localHost } from '@cutover/host';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { provesStopped } from '../../src/safe-point/proves-stopped.ts';

let directory: string;
let host: Host;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'proves-stopped-'));
  const local = localHost();
  const PATH = `${directory}:${process.env['PATH']}`;
  host = createHost({
    name: 'pi',
    spawn: async ({ argv, env, cwd }) => local.stream(argv, { env: { ...env, PATH }, cwd }),
  });
  await program('systemctl', 'exit 0');
  await program('crontab', 'echo "no crontab for $3" >&2; exit 1');
});
afterEach(() => rm(directory, { recursive: true }));

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const scheduled = { processes: {}, scheduled: ['/srv/no-such-rig'], cronUsers: ['nobody'] };

it('finds nothing where nothing is, also on a machine without systemd or cron', async () => {
  const proof = { stopped: true, remaining: [] };
  expect(await provesStopped(host, scheduled)).toEqual(proof);
  await program('systemctl', 'echo "System has not been booted with systemd as init system" >&2; exit 1');
  await program('crontab', 'exit 127');
  expect(await provesStopped(host, scheduled)).toEqual(proof);
});

it.each([
  ['its timers', 'systemctl', 'echo "Failed to connect to bus" >&2; exit 1'],
  ['the crontab of its user', 'crontab', 'echo "must be privileged" >&2; exit 1'],
])('proves nothing where %s cannot be asked for', async (_, name, script) => {
  await program(name, script);
  await expect(provesStopped(host, scheduled)).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
});

it('proves nothing where no program tells who works in a folder', async () => {
  const processes = { workingDirectories: ['/srv/no-such-rig'] };
  expect(await provesStopped(host, { processes })).toMatchObject({ stopped: true });
  await program('find', 'echo "find: not found" >&2; exit 127');
  await expect(provesStopped(host, { processes })).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
});
