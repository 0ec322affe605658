import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { startMachine } from '../nix-deploy/machine.ts';
import { incusServer, nixosMachine } from './given.ts';
import { doTutorial, type Given } from './tutorial.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(async () => await lab[Symbol.asyncDispose]());

async function expectAsShown(page: string, prepare?: (home: string) => Promise<Given>): Promise<void> {
  const shown = await doTutorial(page, prepare);
  expect(shown.length).toBeGreaterThan(3);
  for (const { expected, output } of shown) expect(output).toMatch(expected);
}

describe('a newcomer who does what the page says sees what it shows:', () => {
  it.each(['tutorial-secrets.md', 'tutorial-loops.md'])(
    '%s',
    async (page) => {
      await expectAsShown(page);
    },
    400_000,
  );

  it('tutorial-instance.md', async () => {
    await using server = await incusServer(lab);
    await expectAsShown('tutorial-instance.md', () => Promise.resolve(server));
    expect(await lab.client.instances.exists('tutorial')).toBe(false);
  }, 400_000);

  it('tutorial-deploy.md', async () => {
    await using machine = await startMachine();
    await expectAsShown('tutorial-deploy.md', (home) => nixosMachine(machine, home));
  }, 400_000);
});
