import { asUser } from '@cutover/host';
import { type IncusScope, incusHost } from '@cutover/incus-client';
import { project } from '../daemon/settings.ts';
import { imageAlias } from '../image/import-image.ts';
import type { Lab } from '../lab.ts';
import { type ReadyInstance, isThrowaway, ready } from '../launch.ts';
import { lock } from '../lock.ts';
import { readRecord } from '../record.ts';
import { template } from '../template.ts';
import { prepareHosts } from './prepare.ts';
import { hostsRecipe } from './recipe.ts';

/** The machines around a cutover, running. Disposing of it stops them, unless the lab is kept; the next time they
 * begin where they began now. */
export interface LabHosts extends AsyncDisposable {
  /** Git over ssh: `git@forge:NAME.git`, and with the operator's key `ssh git@forge init|authorize|keys|revoke|list`. */
  readonly forge: ReadyInstance;
  /** The server that the loops look after: `http://ccci/health`. */
  readonly ccci: ReadyInstance;
  /** The old host, with the old rig running. */
  readonly pi: ReadyInstance;
}

export interface StartHostsOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

const names = ['forge', 'ccci', 'pi'] as const;
const recipeKey = 'user.cutover.recipe';
const snapshot = 'prepared';

/**
 * Starts the forge, the looked-after server and the old host with its rig, each time from the same state: they are
 * prepared once (about 10 s) and then brought back from a snapshot. Whatever is in the runbook's project is deleted.
 * Waits while another process has them.
 */
export async function startHosts(lab: Lab, options: StartHostsOptions = {}): Promise<LabHosts> {
  const { signal, onProgress = () => {} } = options;
  const turn = await lock(`hosts-${lab.folders.id}`, signal);
  try {
    const recipe = await hostsRecipe(await imageOf(lab.client));
    await deleteLeft(lab.client.project(project));
    if (!(await prepared(lab.client, recipe))) {
      onProgress('preparing the forge, the looked-after server and the old host');
      await prepare(lab, recipe, signal);
    }
    onProgress('starting the forge, the looked-after server and the old host');
    await each(async (name) => {
      await stop(lab.client, name);
      await lab.client.instances.snapshots(name).restore(snapshot);
      await lab.client.instances.start(name);
    });
    const [forge, ccci, pi] = await Promise.all(
      names.map((name) => ready(lab.client, lab.operator, name, signal)),
    );
    if (forge === undefined || ccci === undefined || pi === undefined)
      throw new Error('a host of the lab is missing');
    await startSession(pi);
    return {
      forge,
      ccci,
      pi,
      async [Symbol.asyncDispose]() {
        if ((await readRecord(lab.folders))?.kept !== true) await each((name) => stop(lab.client, name));
        await turn[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await turn[Symbol.asyncDispose]();
    throw error;
  }
}

async function prepare(lab: Lab, recipe: string, signal: AbortSignal | undefined): Promise<void> {
  const { client, operator } = lab;
  const source = { type: 'copy', source: await template(client, lab.folders.id, operator) } as const;
  await each(async (name) => {
    await remove(client, name);
    await client.instances.create({ name, source, start: true });
  });
  const [forge] = await Promise.all(names.map((name) => ready(client, operator, name, signal)));
  const host = (name: string) => incusHost(client, name);
  const bare = {
    forge: host('forge'),
    ccci: host('ccci'),
    pi: host('pi'),
    forgeKey: forge?.hostKey ?? '',
  };
  await prepareHosts(bare, operator, lab.certificates);
  await each(async (name) => {
    await client.instances.stop(name, { shutdownTimeout: 20_000 });
    await client.instances.patch(name, { config: { [recipeKey]: recipe } });
    await client.instances.snapshots(name).create({ name: snapshot });
  });
}

/** Whether each host has a snapshot of this recipe: it is what a preparation makes last. */
async function prepared(scope: IncusScope, recipe: string): Promise<boolean> {
  const instances = await scope.instances.listFull();
  return names.every((name) =>
    instances
      .find((one) => one.name === name)
      ?.snapshots?.some((one) => one.name === snapshot && one.config[recipeKey] === recipe),
  );
}

/** The old side's orchestrator session, which a person once began by hand. */
async function startSession(pi: ReadyInstance): Promise<void> {
  const command = '/home/loops/.local/bin/agent --role orchestrator --workspace /srv/cc-ci';
  await asUser(pi.host, 'loops').run([
    'tmux',
    'new-session',
    '-d',
    '-s',
    'orchestrator',
    '-c',
    '/srv/cc-ci',
    `exec ${command}`,
  ]);
}

async function imageOf(scope: IncusScope): Promise<string> {
  return (await scope.images.getAlias(imageAlias)).target;
}

/** What an earlier cutover made there. A throw-away instance is deleted by the process that made it. */
async function deleteLeft(scope: IncusScope): Promise<void> {
  const left = (await scope.instances.list()).filter((instance) => !isThrowaway(instance));
  await Promise.all(left.map(({ name }) => remove(scope, name)));
}

async function remove(scope: IncusScope, name: string): Promise<void> {
  if (!(await scope.instances.exists(name))) return;
  await stop(scope, name);
  await scope.instances.delete(name);
}

async function stop(scope: IncusScope, name: string): Promise<void> {
  if ((await scope.instances.get(name)).status !== 'Stopped')
    await scope.instances.stop(name, { force: true });
}

async function each(act: (name: string) => Promise<void>): Promise<void> {
  await Promise.all(names.map(act));
}
