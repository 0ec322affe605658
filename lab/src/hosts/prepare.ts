import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asUser, type Host } from '@cutover/host';
import { encryptFile } from '@cutover/secrets/sops';
import type { LabCertificates } from '../daemon/settings.ts';
import type { OperatorKey } from '../operator-key.ts';
import { pushTree } from './push-tree.ts';
import { hostsFolder } from './recipe.ts';

/** The lab's fixed hosts, fresh from the image, and their public host keys. */
export interface BareHosts {
  readonly forge: Host;
  readonly ccci: Host;
  readonly pi: Host;
  readonly forgeKey: string;
}

/** Makes the forge, the looked-after server and the old host out of three fresh instances. The old rig is not started. */
export async function prepareHosts(
  { forge, ccci, pi, forgeKey }: BareHosts,
  operator: OperatorKey,
  certificates: LabCertificates,
): Promise<void> {
  await Promise.all([
    prepareForge(forge, operator),
    pushTree(ccci, join(hostsFolder(), 'ccci', 'files'), '/'),
    pushTree(pi, join(hostsFolder(), 'pi', 'files'), '/'),
    pushIncusCertificates(pi, certificates),
  ]);
  const [deployKey, keys] = await Promise.all([
    script(ccci, 'ccci/prepare.sh', forgeKey),
    script(pi, 'pi/prepare.sh', forgeKey),
  ]);
  const keyFor = (name: string) =>
    keys
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1) ?? '';
  await authorize(forge, 'ccci', deployKey);
  await authorize(forge, 'pi', keyFor('forge'));
  await ccci.run(['tee', '-a', '/root/.ssh/authorized_keys'], { input: `${keyFor('ccci')}\n` });
  await encryptServerSecrets(asUser(pi, 'loops'));
  await script(asUser(pi, 'loops'), 'pi/clone.sh');
  await installBootService(pi);
}

async function prepareForge(forge: Host, operator: OperatorKey): Promise<void> {
  await pushTree(forge, join(hostsFolder(), 'forge', 'files'), '/');
  await pushTree(forge, join(hostsFolder(), 'plan'), '/root/plan');
  await script(forge, 'forge/prepare.sh', operator.publicKey);
}

/** The file of cc-ci-secrets, as sops would have written it for the master key alone. */
async function encryptServerSecrets(loops: Host): Promise<void> {
  const { stdout } = await loops.run(['age-keygen', '-y', '/srv/cc-ci/.sops/master-age.txt']);
  const plaintext = `admin_password: ${randomBytes(12).toString('hex')}\n`;
  const file = await encryptFile(plaintext, { file: 'server.yaml', recipients: [stdout.trim()] });
  await loops.writeFile('/srv/cc-ci/server.yaml', file, { mode: 0o644 });
}

async function authorize(forge: Host, name: string, key: string): Promise<void> {
  await asUser(forge, 'git').run(['authorize', name], { input: `${key}\n` });
}

async function pushIncusCertificates(pi: Host, { certificate, key }: LabCertificates): Promise<void> {
  await pi.run(['mkdir', '-m', '700', '/root/incus']);
  await pi.writeFile('/root/incus/terraform.crt', await readFile(certificate), { mode: 0o600 });
  await pi.writeFile('/root/incus/terraform.key', await readFile(key), { mode: 0o600 });
}

async function installBootService(pi: Host): Promise<void> {
  const unit = '/etc/systemd/system/cc-ci-loops.service';
  await pi.run(['install', '-m', '644', '/srv/cc-ci/cc-ci-plan/systemd/cc-ci-loops.service', unit]);
  await pi.run(['systemctl', 'enable', '--quiet', 'cc-ci-loops.service']);
}

/** Runs a script of the hosts' folder with bash on the host. */
async function script(host: Host, path: string, ...parameters: readonly string[]): Promise<string> {
  const text = await readFile(join(hostsFolder(), path));
  const { stdout } = await host.run(['bash', '-s', '--', ...parameters], { input: text, timeout: 120_000 });
  return stdout.trim();
}
