import { randomBytes } from 'node:crypto';
import type { InstanceCreate } from '@cutover/incus-client';
import type { Lab } from '../../src/index.ts';

/** A throw-away instance; disposing of it deletes it. */
export interface Box extends AsyncDisposable {
  readonly name: string;
}

/**
 * A running instance whose init does nothing but sleep: commands and files need no booted system, and this one is there in a
 * moment. Asked to shut down, it does not.
 */
export async function sleepingBox(lab: Lab): Promise<Box> {
  return makeBox(lab, sleeping(lab));
}

/** The same in a project of the lab's. */
export async function sleepingBoxIn(lab: Lab, project: string): Promise<Box> {
  return makeBox(lab, sleeping(lab), project);
}

/** A stopped instance with nothing in it, to be copied, moved and backed up in no time. */
export async function emptyBox(lab: Lab): Promise<Box> {
  return makeBox(lab, { source: { type: 'none' } });
}

function sleeping(lab: Lab): Omit<InstanceCreate, 'name'> {
  return {
    source: { type: 'image', alias: lab.imageAlias },
    config: { 'raw.lxc': 'lxc.init.cmd = /bin/sleep infinity' },
    start: true,
  };
}

async function makeBox(lab: Lab, wanted: Omit<InstanceCreate, 'name'>, project = 'default'): Promise<Box> {
  const { instances } = lab.client.project(project);
  const name = `incus-client-${randomBytes(3).toString('hex')}`;
  // By this label the lab knows what a killed test run has left.
  const config = { ...wanted.config, 'user.cutover.throwaway': 'true' };
  await instances.create({ ...wanted, name, config });
  return {
    name,
    async [Symbol.asyncDispose]() {
      if (wanted.start === true) await instances.stop(name, { force: true });
      await instances.delete(name);
    },
  };
}
