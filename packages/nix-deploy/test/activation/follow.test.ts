import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HostConnectionError, localHost } from '@cutover/host';
import { expect, it, onTestFinished, vi } from 'vitest';

import { followLog } from '../../src/activation/follow.ts';
import type { LogLine } from '../../src/activation/log-line.ts';

it('follows on where what showed the log was killed, as with the session that it belonged to', async () => {
  await using host = localHost();
  const state = await mkdtemp(join(tmpdir(), 'follow-'));
  onTestFinished(async () => await rm(state, { recursive: true }));
  const folder = join(state, 'deploys/d');
  await mkdir(folder, { recursive: true });
  const log = '\n@nix-deploy d armed /old\nstarting\n\n@nix-deploy d finished committed\n';
  await writeFile(join(folder, 'log'), log);
  await writeFile(join(state, 'systemctl'), '#!/bin/sh\n[ "$3" != ActiveState ] || echo inactive\n', {
    mode: 0o755,
  });
  vi.stubEnv('PATH', `${state}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());

  const lost: string[] = [];
  const reconnect = (error: HostConnectionError): Promise<typeof host> => {
    lost.push(error.message);
    return Promise.resolve(host);
  };
  const started = host.stream(['sh', '-c', `head -n 3 "$1"; kill -TERM $$`, 'sh', join(folder, 'log')]);
  const lines: LogLine[] = [];
  for await (const line of followLog({
    id: 'd',
    state,
    privilege: { sudo: false },
    started,
    connection: host,
    reconnect,
  })) {
    lines.push(line);
  }
  expect(lost).toEqual(['what showed the log on localhost was ended by SIGTERM']);
  expect(lines).toEqual([
    { type: 'supervisor', event: { type: 'armed', previous: '/old' } },
    { type: 'output', text: 'starting' },
    { type: 'supervisor', event: { type: 'finished', outcome: 'committed' } },
  ]);
});
