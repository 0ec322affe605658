import { randomBytes } from 'node:crypto';
import type { Host, SshHostOptions } from '@cutover/host';
import { type IncusScope, incusHost, type Instance } from '@cutover/incus-client';
import type { OperatorKey } from './operator-key.ts';
import readyScript from './ready.sh';

/** An instance of the lab that has booted: systemd is up, sshd listens. */
export interface ReadyInstance {
  readonly name: string;
  readonly address: string;
  /** Its public host key, as in a `.pub` file. */
  readonly hostKey: string;
  /** For `sshHost()`: as root, with the operator's key and the host key pinned. */
  readonly ssh: SshHostOptions;
  /** The same instance by way of the daemon: needs no network and no sshd in it. */
  readonly host: Host;
}

/** A throw-away instance; disposing of it deletes it. */
export interface LabInstance extends ReadyInstance, AsyncDisposable {}

const throwaway = 'user.cutover.throwaway';

/** Whether an instance is deleted by the process that made it. */
export function isThrowaway({ config }: Pick<Instance, 'config'>): boolean {
  return config[throwaway] === 'true';
}

/** Deletes the throw-away instances that killed processes left: to be called while no other process has the lab. */
export async function deleteThrowaways(scope: IncusScope): Promise<void> {
  const left = (await scope.instances.list()).filter(isThrowaway);
  await Promise.all(
    left.map(async ({ name, status }) => {
      if (status !== 'Stopped') await scope.instances.stop(name, { force: true });
      await scope.instances.delete(name);
    }),
  );
}

/** Copies `template` to an instance named after `prefix` and waits until it is ready. */
export async function launch(
  scope: IncusScope,
  operator: OperatorKey,
  template: string,
  prefix: string,
): Promise<LabInstance> {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  const dispose = async () => {
    await scope.instances.stop(name, { force: true });
    await scope.instances.delete(name);
  };
  await scope.instances.create({
    name,
    source: { type: 'copy', source: template },
    config: { [throwaway]: 'true' },
    start: true,
  });
  try {
    return { ...(await ready(scope, operator, name)), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Waits until a started instance is up. @throws {Error} it is not within a minute. */
export async function ready(
  scope: IncusScope,
  operator: OperatorKey,
  name: string,
  signal?: AbortSignal,
): Promise<ReadyInstance> {
  const deadline = AbortSignal.timeout(60_000);
  const { exitCode, stdout, stderr } = await scope.exec.run(name, ['sh', '-c', readyScript], {
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
  });
  const [address, hostKey] = stdout.toString().trim().split('\n');
  if (address === undefined || hostKey === undefined) {
    throw new Error(
      `${name} came up without an address or a host key (exit code ${exitCode}): ${stderr.toString().trim()}`,
    );
  }
  const ssh: SshHostOptions = {
    host: address,
    user: 'root',
    name,
    privateKeyFile: operator.file,
    hostKeys: [hostKey],
  };
  return { name, address, hostKey, ssh, host: incusHost(scope, name) };
}
