import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asUser, type Host, localHost, sshHost } from '@cutover/host';
import { connectIncus, type IncusClient, incusHost } from '@cutover/incus-client';
import { type CutoverConfigs, loadConfigs } from '../config/load-all.ts';
import type { CutoverSettings } from '../config/schema.ts';
import { openForge } from '../forge/open-forge.ts';
import { watchAnswers } from './answers.ts';
import { configurationRepository } from './configuration-repository.ts';
import { once } from './once.ts';
import { socksAddress } from './socks-address.ts';
import { sshConnection, throughWay } from './ssh-connection.ts';
import { withEnvironment } from './with-environment.ts';
import type { World } from './world.ts';

/** What a world has otherwise than its config files say. */
export interface WorldOptions {
  /** Called with what the files say, before anything is made from it. */
  readonly change?: ((configs: CutoverConfigs) => Promise<CutoverConfigs>) | undefined;
  /** The branch of the configuration repository. Default: `main`. */
  readonly branch?: string | undefined;
}

/**
 * Reads the config files and makes everything that the steps work on. No machine is connected to yet: each is at the
 * first step that needs it.
 *
 * @param workDirectory where working copies are kept; made when it is absent.
 * @throws {ConfigError} a config file cannot be used.
 */
export async function openWorld(
  configFile: string,
  workDirectory: string,
  { change = async (configs) => configs, branch }: WorldOptions = {},
): Promise<World> {
  const here = localHost();
  const written = await loadConfigs(configFile, here);
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  const { settings, rig, rigText, secrets, rootKey } = await change(written);
  const { host: old, answers: oldAnswers } = watchAnswers(
    sshHost({ name: settings.old.name, ...sshConnection(settings.old.ssh) }),
    join(workDirectory, 'old-host-answered.json'),
  );
  const forge = await openForge(settings, { here, stateDirectory: workDirectory });
  const opened: AsyncDisposable[] = [forge, old, here];
  const keep = <T extends AsyncDisposable>(resource: T): T => {
    opened.unshift(resource);
    return resource;
  };

  const incus = once(async (signal) => keep(await connect(settings, signal)));
  const freshTarget = async (signal: AbortSignal): Promise<Host> =>
    keep(await connectTarget(settings, await incus(signal), signal));
  const target = once(freshTarget);

  return {
    settings,
    rig,
    rigText,
    secrets,
    rootKey,
    incus,
    old,
    oldAnswers,
    oldRig: asUser(old, settings.old.user),
    target,
    forgetTarget: target.forget,
    freshTarget,
    inside: async (signal) => incusHost(await incus(signal), settings.name),
    targetRig: async (signal) => asUser(await target(signal), settings.new.user),
    forge,
    configuration: configurationRepository(
      join(workDirectory, 'configuration'),
      forge.url(settings.repository),
      forge.gitEnvironment,
      branch,
    ),
    here,
    gitHere: withEnvironment(here, forge.gitEnvironment),
    workDirectory,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(opened.map((resource) => resource[Symbol.asyncDispose]()));
    },
  };
}

async function connect({ incus }: CutoverSettings, signal: AbortSignal): Promise<IncusClient> {
  const [cert, key, serverCert] = await Promise.all(
    [incus.certificate, incus.key, incus.serverCertificate].map((file) => readFile(file, 'utf8')),
  );
  if (cert === undefined || key === undefined || serverCert === undefined)
    throw new TypeError('three files were read');
  const { url, project, socks5 } = incus;
  const proxy = socks5 && `socks5://${socksAddress(socks5)}`;
  return connectIncus({ url, project, cert, key, serverCert, proxy, signal });
}

/** Address and host key come from the Incus API; only then is there an ssh connection. */
async function connectTarget(
  settings: CutoverSettings,
  incus: IncusClient,
  signal: AbortSignal,
): Promise<Host> {
  const { name } = settings;
  await using inside = incusHost(incus, name);
  const [keys, { network }] = await Promise.all([
    inside.run(['sh', '-c', 'cat /etc/ssh/ssh_host_*_key.pub'], { signal }),
    incus.instances.state(name, { signal }),
  ]);
  const addresses = Object.entries(network ?? {}).flatMap(([nic, { addresses: found }]) =>
    nic === 'lo' ? [] : found,
  );
  const address =
    settings.new.address ??
    addresses.find(({ family, scope }) => family === 'inet' && scope === 'global')?.address;
  if (address === undefined)
    throw new Error(`${name} has no global IPv4 address; name new.address in the config`);
  return sshHost({
    name,
    host: address,
    user: 'root',
    privateKeyFile: settings.ssh.privateKey,
    hostKeys: keys.stdout.split('\n').filter((line) => line !== ''),
    ...throughWay(settings.new),
    // A node that has just joined is known to the proxy's own only a moment later.
    ...(settings.new.socks5 === undefined ? {} : { connectAttempts: 5 }),
  });
}
