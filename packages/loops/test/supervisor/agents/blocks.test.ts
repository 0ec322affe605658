import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { agentFolder } from '../../../src/config/rig-places.ts';
import { makeRig, type TestRig, until, untilRunning } from '../../rig.ts';

const minute = 60_000;

/** A rig whose agent's hooks told something, so many minutes ago, while no supervisor was there. */
async function tellMeanwhile(
  told: readonly { readonly minutesAgo: number; readonly hook: object }[],
): Promise<TestRig> {
  const rig = await makeRig({
    loops: {
      one: { agent: 'claude-code', command: ['sh', '-c', 'exec sleep 1000'], environmentFile: 'environment' },
    },
  });
  await mkdir(join(rig.directory, '.claude'));
  await writeFile(join(rig.directory, 'environment'), `HOME=${rig.directory}\n`);
  const first = await rig.supervise();
  await untilRunning(first);
  const { session } = first.status().loops[0] ?? {};
  const run = rig.events.flatMap((event) => (event.type === 'started' ? [event.run] : []))[0] ?? '';
  await first[Symbol.asyncDispose]();
  rig.events.length = 0;
  for (const [index, { minutesAgo, hook }] of told.entries()) {
    const path = join(agentFolder(rig.config, 'one'), 'spool', `${run}.${index}.json`);
    await writeFile(path, JSON.stringify({ session_id: session, ...hook }));
    const at = new Date(Date.now() - minutesAgo * minute);
    await utimes(path, at, at);
  }
  return rig;
}

const failure = {
  minutesAgo: 10,
  hook: {
    hook_event_name: 'StopFailure',
    error: 'authentication_failed',
    last_assistant_message: 'Please run /login',
  },
};

it('that a supervisor hears of late are over when a turn has ended well since', async () => {
  await using rig = await tellMeanwhile([failure, { minutesAgo: 5, hook: { hook_event_name: 'Stop' } }]);
  const supervisor = await rig.supervise();
  await until(
    () => rig.events.filter(({ type }) => type === 'blocked' || type === 'unblocked').map(({ type }) => type),
    (types) => types.includes('unblocked'),
  );
  expect(supervisor.status().loops[0]?.block).toBeUndefined();
});

it('stay while nothing has happened since, and are over when a person has logged in since', async () => {
  await using rig = await tellMeanwhile([{ minutesAgo: 20, hook: { hook_event_name: 'Stop' } }, failure]);
  const credentials = join(rig.directory, '.claude', '.credentials.json');
  await writeFile(credentials, '{}');
  const before = new Date(Date.now() - 15 * minute);
  await utimes(credentials, before, before);
  const supervisor = await rig.supervise();
  const { block } = supervisor.status().loops[0] ?? {};
  expect(block).toMatchObject({ reason: 'login-expired' });
  expect(Date.now() - (block?.at ?? 0)).toBeGreaterThan(9 * minute);
  const since = new Date(Date.now() - 5 * minute);
  await utimes(credentials, since, since);
  await until(
    () => rig.events.flatMap((event) => (event.type === 'unblocked' ? [event.reason] : [])),
    (reasons) => reasons.includes('a person logged in'),
  );
});
