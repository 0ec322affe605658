import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { controlSocket } from '../../src/config/rig-places.ts';
import { askRigOf } from '../../src/control/ask-rig.ts';
import type { Requests } from '../../src/control/requests.ts';
import { lockRig } from '../../src/state/rig-lock.ts';
import { makeRig } from '../rig.ts';

it('asks a supervisor that went away again only for what may be done twice', async () => {
  await using rig = await makeRig({ loops: { one: { command: ['cat'] } } });
  await using _lock = await lockRig(rig.config.stateDir, 'supervisor');
  const asked: string[] = [];
  const server = createServer((connection) => {
    connection.on('error', () => connection.destroy());
    connection.write('{"type":"greeting","pid":1}\n');
    connection.once('data', (bytes) => {
      asked.push(String((JSON.parse(String(bytes)) as { method: unknown }).method));
      if (asked.length > 1) connection.end('{"type":"result","result":{}}\n');
      else connection.destroy();
    });
  }).listen(controlSocket(rig.config));
  await once(server, 'listening');
  const ask = async (method: keyof Requests) => {
    asked.length = 0;
    return askRigOf(rig.config, method, {});
  };
  try {
    await ask('status');
    expect(asked).toEqual(['status', 'status']);
    await expect(ask('restart')).rejects.toMatchObject({
      code: 'SUPERVISOR_ABSENT',
      message: expect.stringContaining('which it may have done'),
    });
    expect(asked).toEqual(['restart']);
  } finally {
    server.close();
    await once(server, 'close');
  }
});
