import { generateKeyPair, identityFile } from '@cutover/secrets/age';
import { encryptFile } from '@cutover/secrets/sops';
import { type Host } from '@cutover/host';
import { place } from './world.ts';

const keys = generateKeyPair();

/** A service that comes up, or reloads, with any secret but a `bad` one, and keeps what it saw in `/run/NAME.seen`. */
const service = (name: string): string => `[Service]
ExecStartPre=/bin/sh -c '! grep -q bad /run/own/${name} && cp /run/own/${name} /run/${name}.seen && echo >>/run/${name}.starts'
ExecStart=/bin/sleep infinity
ExecReload=/bin/sh -c '! grep -q bad /run/own/${name} && cp /run/own/${name} /run/${name}.seen'
`;

/** As `nixos/secrets.nix` has it: it runs before the services that need the secrets. */
const activation = `[Unit]
Before=one.service two.service
[Service]
Type=oneshot
ExecStart=/usr/bin/node /opt/secrets.js activate /opt/own/manifest.json --json
`;

const looks = `
for name in one two idle; do
  echo "$name: $(systemctl is-active $name)" $(cat /run/$name.starts 2>/dev/null | wc -l) $(cat /run/$name.seen 2>/dev/null)
done`;

/** Three services with a secret each, of which `idle` does not run, on a host with systemd. */
export interface Services {
  /** Encrypts new contents for the secrets, all `a` at first. */
  write(contents: Readonly<Record<'one' | 'two' | 'idle', string>>): Promise<void>;
  /** As NixOS would call it in its switch, with an `action`. */
  activate(action?: 'switch' | 'dry-activate'): Promise<{ exitCode: number | undefined; report: unknown }>;
  /** Runs the activation as a service that the others start after. */
  activateInService(): Promise<void>;
  /** For each service its state, how often it was started, and the secret that it saw last. */
  look(): Promise<Record<string, string>>;
}

export async function startServices(host: Host): Promise<Services> {
  const names = ['one', 'two', 'idle'] as const;
  const secrets = names.map((name) => ({
    name,
    key: name,
    path: `/run/own/${name}`,
    sopsFile: 'own.yaml',
    format: 'yaml',
    mode: '0400',
    restartUnits: name === 'two' ? [] : [`${name}.service`],
    reloadUnits: name === 'two' ? [`${name}.service`] : [],
    ...(name === 'one'
      ? { owner: 'nobody', uid: 0, group: 'daemon', gid: 0 }
      : { owner: null, uid: 12, gid: 34 }),
  }));
  const services: Services = {
    async write(contents) {
      const options = { file: 'own.yaml', recipients: [keys.recipient] };
      await place(host, '/opt/own/own.yaml', await encryptFile(JSON.stringify(contents), options));
    },
    async activate(action) {
      const argv = ['node', '/opt/secrets.js', 'activate', '/opt/own/manifest.json', '--json'];
      const env = action === undefined ? {} : { NIXOS_ACTION: action };
      const { exitCode, stdout } = await host.run(argv, { reject: false, env });
      return { exitCode, report: JSON.parse(stdout) };
    },
    async activateInService() {
      await host.run(['timeout', '20', 'systemctl', 'start', 'activation.service']);
    },
    async look() {
      const { stdout } = await host.run(['sh', '-c', looks]);
      return Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.split(': ') as [string, string]),
      );
    },
  };
  await host.writeFile('/opt/own.key', Buffer.from(identityFile(keys)), { mode: 0o400 });
  const manifest = {
    secrets,
    ageKeyFile: '/opt/own.key',
    secretsMountPoint: '/run/own.d',
    symlinkPath: '/run/own',
  };
  await place(host, '/opt/own/manifest.json', JSON.stringify({ ...manifest, keepGenerations: 1 }));
  for (const name of names) await place(host, `/etc/systemd/system/${name}.service`, service(name));
  await place(host, '/etc/systemd/system/activation.service', activation);
  await services.write({ one: 'a', two: 'a', idle: 'a' });
  await services.activate();
  await host.run(['systemctl', 'daemon-reload']);
  await host.run(['systemctl', 'start', 'one', 'two']);
  return services;
}
