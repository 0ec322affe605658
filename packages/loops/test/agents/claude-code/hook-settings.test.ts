import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installHooks, settingsPath } from '../../../src/agents/claude-code/hook-settings.ts';
import { agentFolder } from '../../../src/config/rig-places.ts';
import { makeRig, until } from '../../rig.ts';

const run = promisify(execFile);
let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'hooks-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** What an agent runs at each hook, as it reads it from its settings. */
const commandIn = async (folder: string): Promise<string> =>
  JSON.parse(await readFile(settingsPath(folder), 'utf8')).hooks.UserPromptSubmit[0].hooks[0].command;

it('never fails the agent, also where all that it needs was deleted', async () => {
  const folder = join(home, "it's one");
  await installHooks(folder);
  const command = await commandIn(folder);
  const tell = async () => {
    const ended = run('sh', ['-c', command], { env: { ...process.env, LOOPS_RUN: 'a-run' } });
    ended.child.stdin?.end('{}');
    return ended;
  };
  await tell();
  expect(await readdir(join(folder, 'spool'))).toEqual([expect.stringMatching(/^a-run\.\d+\.json$/)]);
  await rm(folder, { recursive: true });
  expect(await tell()).toEqual({ stdout: '', stderr: '' });
});

it('is made again while its agent runs, and is heard again', async () => {
  await using rig = await makeRig({
    loops: { one: { agent: 'claude-code', command: ['sh', '-c', 'exec sleep 1000'] } },
  });
  const supervisor = await rig.supervise();
  const seen = await until(
    () => rig.events.find(({ type }) => type === 'started'),
    (event) => event?.type === 'started' && supervisor.status().loops[0]?.state === 'running',
  );
  const folder = agentFolder(rig.config, 'one');
  const command = await commandIn(folder);
  await rm(rig.config.stateDir, { recursive: true, maxRetries: 5 });
  await until(
    () => rig.events.filter((event) => event.type === 'place-restored').map(({ path }) => path),
    (paths) => paths.includes(folder),
  );
  const { session } = supervisor.status().loops[0] ?? {};
  const told = run('sh', ['-c', command], {
    env: { ...process.env, LOOPS_RUN: seen?.type === 'started' ? seen.run : '' },
  });
  told.child.stdin?.end(JSON.stringify({ hook_event_name: 'SessionStart', session_id: session }));
  await told;
  await until(
    () => supervisor.status(),
    ({ loops: [loop] }) => loop?.ready === true,
  );
  const restored = rig.events.filter((event) => event.type === 'place-restored' && event.path === folder);
  expect(restored).toHaveLength(1);
});
