import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { transcriptFolder } from '../../../src/agents/claude-code/places.ts';
import { makeRig, pidOf, until, untilRunning } from '../../rig.ts';

it('holds a loop whose budget for the day is spent, asks once, and ends nothing', async () => {
  await using rig = await makeRig({
    loops: {
      one: {
        agent: 'claude-code',
        command: ['sh', '-c', 'exec sleep 1000'],
        budget: { tokensPerDay: 150 },
        environmentFile: 'environment',
      },
    },
  });
  const home = join(rig.directory, 'home');
  await writeFile(join(rig.directory, 'environment'), `HOME=${home}\n`);
  const supervisor = await rig.supervise();
  const before = pidOf(await untilRunning(supervisor), 'one');
  const { session = '' } = supervisor.status().loops[0] ?? {};
  const folder = await transcriptFolder({ HOME: home }, rig.directory);
  const usage = {
    input_tokens: 100,
    cache_creation_input_tokens: 40,
    cache_read_input_tokens: 9000,
    output_tokens: 10,
  };
  const line = { type: 'assistant', version: '9.0.0', message: { id: 'm', content: [], usage } };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${session}.jsonl`), `${JSON.stringify(line)}\n`);
  const held = await until(
    () => supervisor.status(),
    ({ loops: [loop] }) => loop?.block?.reason === 'budget',
  );
  expect(pidOf(held, 'one')).toBe(before);
  expect(held.loops[0]?.block?.detail).toContain('150 of 150 tokens');
  expect(held.loops[0]?.agent).toMatchObject({ version: '9.0.0', usage: { today: 150, cacheRead: 9000 } });
  expect(held.loops[0]?.agent?.doubt).toContain('was not tested');
  await supervisor.want(['one']);
  await until(
    () => supervisor.status(),
    ({ loops: [loop] }) => loop?.block === undefined,
  );
  // Nor does the next supervisor ask again.
  await supervisor[Symbol.asyncDispose]();
  const next = await rig.supervise();
  await until(
    () => next.status().loops[0]?.agent?.version,
    (version) => version === '9.0.0',
  );
  await next.reconcile();
  expect(next.status().loops[0]?.block).toBeUndefined();
  expect(rig.events.filter(({ type }) => type === 'escalated')).toHaveLength(1);
});
