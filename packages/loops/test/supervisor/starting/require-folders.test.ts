import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRig, until, untilRunning } from '../../rig.ts';

it('starts no agent somewhere else when its clone or directory is missing, and says what to do', async () => {
  const remote = 'ssh://git@git.example.org/demo.git';
  await using rig = await makeRig({
    phases: { plans: ['plan.md'], repository: { remote } },
    loops: {
      one: { command: ['sh', '-c', 'pwd >> ran; sleep 1000'], clone: 'clone' },
      two: { command: ['sleep', '1000'], cwd: 'there' },
    },
  });
  const supervisor = await rig.supervise();
  const clone = join(rig.directory, 'clone');
  const reasons = await until(
    () => supervisor.status().loops.map(({ reason }) => reason ?? ''),
    (all) => all.every((reason) => reason.startsWith('there is no folder')),
  );
  expect(reasons[0]).toContain(`git clone ${remote} ${clone}`);
  expect(reasons[1]).toContain('correct cwd');
  expect(rig.events.filter(({ type }) => type === 'started')).toEqual([]);
  await mkdir(clone);
  await mkdir(join(rig.directory, 'there'));
  await supervisor.want(['one', 'two']);
  await untilRunning(supervisor);
});

it('says which program is missing, rather than that it ended with 1', async () => {
  await using rig = await makeRig({
    loops: { one: { command: ['no-such-agent'] }, two: { command: ['./not-there'] } },
  });
  const supervisor = await rig.supervise();
  const reasons = await until(
    () => supervisor.status().loops.map(({ reason }) => reason ?? ''),
    (all) => all.every((reason) => reason !== ''),
  );
  expect(reasons[0]).toMatch(/^no-such-agent, the program of one, is not in its PATH/);
  expect(reasons[1]).toContain('not-there, the program of two, does not exist');
});
