import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { parseRigConfig } from '../../src/config/load-rig-config.ts';
import { controlSocket, glanceControlSocket, glancePlaces } from '../../src/config/rig-places.ts';

const loops = { one: { command: ['sleep', '1'] } };

describe('a glance at a config', () => {
  it.each([
    ['rig: demo\nworkspace: .\n', { workspace: '.' }],
    [
      'runtimeDir: /run/loops-demo\r\nworkspace:   ../demo  \r\n',
      { workspace: '../demo', runtimeDir: '/run/loops-demo' },
    ],
    ['{"workspace": ".", "stateDir": "state"}', { workspace: '.', stateDir: 'state' }],
    ['{"workspace": 1}', undefined],
    ['rig: demo\n', undefined],
    ['workspace: "."\n', undefined],
    ['workspace: . # here\n', undefined],
    ['workspace: .\n"stateDir": state\n', undefined],
    ['workspace: .\n? stateDir\n: state\n', undefined],
    ['workspace: .\n<<: {stateDir: state}\n', undefined],
    ['workspace: .\nstateDir:\n  state\n', undefined],
    ['workspace: *there\n', undefined],
    ['workspace: a\nworkspace: b\n', undefined],
  ])('at %j finds %j', (text, places) => {
    expect(glancePlaces(text)).toEqual(places);
  });

  it('leads to the socket that the whole config says, or nowhere', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'loops-'));
    const path = join(directory, 'loops.yaml');
    const word = fc.oneof(
      fc.constantFrom('.', '..', '/run/x', 'a b', '#a', 'a: b', 'null', '~'),
      fc.string({ minLength: 1 }),
    );
    const places = fc.record(
      { workspace: word, stateDir: word, runtimeDir: word },
      { requiredKeys: ['workspace'] },
    );
    await fc.assert(
      fc.asyncProperty(places, fc.constantFrom(stringify, JSON.stringify), async (chosen, write) => {
        const text = write({ rig: 'demo', environment: { workspace: 'no' }, ...chosen, loops });
        await writeFile(path, text);
        const socket = controlSocket(parseRigConfig(JSON.stringify({ rig: 'demo', ...chosen, loops }), path));
        expect([socket, undefined]).toContain(await glanceControlSocket(path));
      }),
    );
    expect(await glanceControlSocket(join(directory, 'none.yaml'))).toBeUndefined();
    await rm(directory, { recursive: true });
  });
});
