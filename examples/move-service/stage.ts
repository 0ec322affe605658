import { readFile } from 'node:fs/promises';
import { on } from '@cutover/host/zx';
import { stepFor } from '@cutover/runbook';
import { inspectDatabase, program, serviceState, unit, unitFile } from './service.ts';
import type { World } from './world.ts';

const step = stepFor<World>();
const phase = 'a-stage';

/** Changes nothing: both hosts answer, and what moves is where it should be. */
export const lookFirst = step({
  id: 'look-first',
  version: 1,
  phase,
  title: 'look at both hosts before anything is changed',
  kind: 'reversible',
  timeout: 30_000,
  inputs: () => null,
  async check({ world, signal }) {
    const { active } = await serviceState(world.old, signal);
    const found = await inspectDatabase(world.old, signal);
    const python = (await on(world.new)({ signal })`python3 --version`.text()).trim();
    const evidence = { entries: found?.entries ?? 0, active, python };
    return found === undefined
      ? { state: 'conflict', evidence, reason: `there is no guestbook on ${world.old.name}` }
      : { state: 'satisfied', evidence };
  },
  // The old service is stopped there, and rightly.
  holdsUntil: 'stop-old',
});

const files = (): Promise<[path: string, text: string][]> =>
  Promise.all(
    [
      [program, 'guestbook.py'],
      [unitFile, 'guestbook.service'],
    ].map(async ([path = '', name = '']): Promise<[string, string]> => [
      path,
      await readFile(new URL(`service/${name}`, import.meta.url), 'utf8'),
    ]),
  );

/** The program and its unit, not started: the old service works on. */
export const installService = step({
  id: 'install-service',
  version: 1,
  phase,
  title: 'install the service on the new host',
  kind: 'reversible',
  timeout: 60_000,
  inputs: () => ({ program, unitFile }),
  async check({ world, signal }) {
    const differing: string[] = [];
    for (const [path, text] of await files()) {
      // `cat` of a file that is not there is the one failure that says something: absent. A lost connection throws.
      const found = await on(world.new)({ nothrow: true, signal })`cat ${path}`;
      if (found.exitCode !== 0 || found.stdout !== text) differing.push(path);
    }
    return { state: differing.length === 0 ? 'satisfied' : 'absent', evidence: { differing } };
  },
  async apply({ world, signal }) {
    const $ = on(world.new)({ signal });
    await $`mkdir -p /opt/guestbook`;
    for (const [path, text] of await files()) {
      await world.new.writeFile(path, text, { mode: 0o644, signal });
    }
    await $`systemctl daemon-reload`;
  },
  async undo({ world, signal }) {
    const $ = on(world.new)({ signal });
    await $`rm -rf /opt/guestbook ${unitFile} /etc/systemd/system/multi-user.target.wants/${unit}`;
    await $`systemctl daemon-reload`;
  },
});
