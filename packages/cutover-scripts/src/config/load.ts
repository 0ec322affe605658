import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './config-error.ts';
import { type CutoverSettings, cutoverSchema, type SshEndpoint } from './schema.ts';

/**
 * Reads a `cutover.yaml`. Paths in it are taken from the folder it is in, and are absolute in the result.
 *
 * @throws {ConfigError} it cannot be read, is not YAML, or does not fit the schema; every problem is named at once.
 */
export async function loadConfig(file: string): Promise<CutoverSettings> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(file, ['cannot be read; name it with --config'], { cause });
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, code }) => {
      const { line, col } = lines.linePos(pos[0]);
      return `line ${line}, column ${col}: not YAML (${code})`;
    });
    throw new ConfigError(file, problems);
  }
  const parsed = cutoverSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`,
    );
    throw new ConfigError(file, problems);
  }
  return withAbsolutePaths(parsed.data, dirname(resolve(file)));
}

function withAbsolutePaths(settings: CutoverSettings, folder: string): CutoverSettings {
  const at = (path: string): string => resolve(folder, path);
  const endpoint = (ssh: SshEndpoint): SshEndpoint => ({
    ...ssh,
    privateKey: at(ssh.privateKey),
    ...(ssh.knownHosts === undefined ? {} : { knownHosts: at(ssh.knownHosts) }),
  });
  const { incus, ssh, old, forge, tailnet } = settings;
  return {
    ...settings,
    incus: {
      ...incus,
      certificate: at(incus.certificate),
      key: at(incus.key),
      serverCertificate: at(incus.serverCertificate),
    },
    ssh: { privateKey: at(ssh.privateKey) },
    old: { ...old, ssh: endpoint(old.ssh) },
    forge: { ...forge, ssh: endpoint(forge.ssh) },
    secrets: at(settings.secrets),
    loops: at(settings.loops),
    ...(tailnet === undefined ? {} : { tailnet: { ...tailnet, authKey: at(tailnet.authKey) } }),
  };
}
