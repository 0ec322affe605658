import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { HealthCheck } from '../../src/health/check.ts';
import { type CheckResult, runChecks } from '../../src/health/run-checks.ts';

let answers = 0;
const server = createServer((_request, response) => {
  answers += 1;
  response.writeHead(answers < 3 ? 503 : 200).end('all is well');
});
let port = 0;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

async function check(one: HealthCheck, patience: number): Promise<CheckResult | undefined> {
  await using host = localHost();
  return (await runChecks(host, [one], { deadline: performance.now() + patience }))[0];
}

describe('runChecks', () => {
  it('tries again until a check passes', async () => {
    const url = `http://127.0.0.1:${port}/health`;
    expect(await check({ type: 'http', url, contains: 'well' }, 30_000)).toMatchObject({
      ok: true,
      attempts: 3,
    });
  });

  it('says why a check fails when its time is up', async () => {
    const url = `http://127.0.0.1:${port}/`;
    const failing: readonly HealthCheck[] = [
      { type: 'http', url, status: 204 },
      { type: 'http', url, contains: 'sick' },
      { type: 'command', argv: ['sh', '-c', 'echo no luck >&2; exit 3'] },
    ];
    expect(await Promise.all(failing.map(async (one) => await check(one, 3_000)))).toMatchObject([
      { ok: false, detail: 'status 200' },
      { ok: false, detail: 'the answer does not contain "sick"' },
      { ok: false, detail: 'exit code 3: no luck' },
    ]);
  });

  it('says what an earlier attempt found when the last one gets no answer', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'nix-deploy-check-'));
    const command = `[ -e tried ] && exec sleep 60; touch tried; echo no luck >&2; exit 3`;
    const argv = ['sh', '-c', `cd "$1"; ${command}`, 'check', directory];
    expect(await check({ type: 'command', argv }, 3_000)).toMatchObject({
      ok: false,
      detail: 'exit code 3: no luck',
      attempts: 2,
    });
    await rm(directory, { recursive: true });
  });

  it('finds an open port, and a closed one', async () => {
    expect(await check({ type: 'port', host: '127.0.0.1', port }, 20_000)).toMatchObject({ ok: true });
    expect(await check({ type: 'port', host: '127.0.0.1', port: 1 }, 600)).toMatchObject({ ok: false });
  });

  it('ends a command that does not end', async () => {
    expect(await check({ type: 'command', argv: ['sleep', '60'] }, 700)).toMatchObject({
      ok: false,
      detail: 'no answer in time',
    });
  });
});
