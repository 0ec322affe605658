import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseRigConfig } from '../../src/config/load-rig-config.ts';
import { MetricsFile } from '../../src/control/metrics-file.ts';
import type { RigStatus } from '../../src/control/status.ts';

const status: RigStatus = {
  rig: 'demo',
  supervisor: { state: 'up' },
  server: 'up',
  orphans: [],
  loops: [],
};

it('is written also where its folder was deleted, and what is in its way is told once and ends nothing', async () => {
  const home = await mkdtemp(join(tmpdir(), 'metrics-'));
  try {
    const config = {
      ...parseRigConfig(
        JSON.stringify({
          rig: 'demo',
          workspace: home,
          metricsFile: 'node/demo.prom',
          loops: { one: { command: ['cat'] } },
        }),
        join(home, 'loops.yaml'),
      ),
    };
    const events: string[] = [];
    const file = new MetricsFile(config, ({ type }) => events.push(type));
    const renew = () => file.renew(() => status);
    const read = () => readFile(join(home, 'node/demo.prom'), 'utf8');
    await renew();
    await rm(join(home, 'node'), { recursive: true });
    await renew();
    expect(await read()).toContain('demo');
    await rm(join(home, 'node'), { recursive: true });
    await writeFile(join(home, 'node'), '');
    await renew();
    await renew();
    expect(events).toEqual(['metrics-failed']);
    await rm(join(home, 'node'));
    await renew();
    expect(await read()).toContain('demo');
  } finally {
    await rm(home, { recursive: true });
  }
});
