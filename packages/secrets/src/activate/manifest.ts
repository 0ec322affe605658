import * as z from 'zod';
import { SecretsError } from '../errors.ts';

/** What is null in a manifest counts as left out, as in Go; Nix writes null for an option that is not set. */
const or = <T extends z.ZodType, const V>(type: T, value: V) =>
  type.nullish().transform((given) => given ?? value);
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((given) => given ?? []);
const text = or(z.string(), '');

/** Names are paths below a generation, and never lead out of it. */
const name = z.string().regex(/^(?:(?!\.\.?(?:\/|$))[^/\0]+(?:\/|$))+(?<!\/)$/);
const account = {
  owner: or(z.string(), undefined),
  uid: or(z.int(), undefined),
  group: or(z.string(), undefined),
  gid: or(z.int(), undefined),
};
const withoutSlash = (path: string): string => path.replace(/(?<=.)\/+$/, '');
const units = { restartUnits: list(z.string()), reloadUnits: list(z.string()) };
const mode = z.string().regex(/^[0-7]{1,6}$/, 'an octal mode such as "0400"');

const secretSchema = z.object({
  name,
  key: text,
  path: text,
  ...account,
  sopsFile: z.string(),
  format: or(z.enum(['yaml', 'json', 'binary', 'dotenv', 'ini', '']), 'yaml').transform((format) =>
    format === '' ? 'yaml' : format,
  ),
  mode,
  ...units,
});

const templateSchema = z
  .object({ name, content: text, file: text, path: text, mode, ...account, ...units })
  .refine(({ content, file }) => content !== '' || file !== '', 'neither content nor file is given');

/** The manifest of `sops-install-secrets` (sops-nix, `pkgs/sops-install-secrets/main.go`). */
export const manifestSchema = z.object({
  secrets: list(secretSchema),
  templates: list(templateSchema),
  placeholderBySecretName: or(z.record(z.string(), z.string()), {}),
  secretsMountPoint: or(z.string(), '/run/secrets.d').transform(withoutSlash),
  symlinkPath: or(z.string(), '/run/secrets').transform(withoutSlash),
  keepGenerations: or(z.int().min(0), 1),
  sshKeyPaths: list(z.string()),
  gnupgHome: text,
  ageKeyFile: text,
  ageSshKeyPaths: list(z.string()),
  useTmpfs: or(z.boolean(), false),
  userMode: or(z.boolean(), false),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestSecret = Manifest['secrets'][number];
export type ManifestTemplate = Manifest['templates'][number];

/**
 * Parses a manifest.
 *
 * @throws {SecretsError} `CONFIG_INVALID`; `UNSUPPORTED` where it names a PGP keyring.
 */
export function parseManifest(json: string, file?: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SecretsError('CONFIG_INVALID', 'the manifest is not JSON', { file });
  }
  const parsed = manifestSchema.safeParse(value);
  const problems = parsed.success
    ? conflicts(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  if (!parsed.success || problems.length > 0)
    throw new SecretsError('CONFIG_INVALID', `not a manifest: ${problems.join('; ')}`, { file });
  if (parsed.data.gnupgHome !== '') {
    throw new SecretsError(
      'UNSUPPORTED',
      "the manifest's gnupgHome needs PGP, which activate does not have: encrypt the files for the host's age key too and leave it out, or use sops-nix's own installer",
      { file },
    );
  }
  return parsed.data;
}

/** Files of a generation that would be written twice: the last would win, and nobody would know which that is. */
function conflicts({ secrets, templates }: Manifest): string[] {
  const names = [...secrets.map((one) => one.name), ...templates.map((one) => `rendered/${one.name}`)];
  const twice = new Set(names.filter((one, index) => names.indexOf(one) !== index));
  return [...twice].map((one) => `${one} is there twice`);
}

/** The permissions of a secret's mode; what else is in it is dropped, as in sops-nix. */
export function permissionsOf({ mode: octal }: Pick<ManifestSecret, 'mode'>): number {
  return Number.parseInt(octal, 8) & 0o777;
}

/**
 * Of a manifest of home-manager, `%r` in paths is the user's runtime directory and `%%` a percent sign.
 *
 * @throws {SecretsError} `ACTIVATION_FAILED`: there is no `XDG_RUNTIME_DIR`.
 */
export function withRuntimeDirectory(manifest: Manifest, directory: string | undefined): Manifest {
  if (!manifest.userMode) return manifest;
  const full = (path: string): string =>
    path.replaceAll(/%[%r]/g, (sign) => {
      if (sign === '%%') return '%';
      if (directory !== undefined && directory !== '') return directory;
      throw new SecretsError(
        'ACTIVATION_FAILED',
        `${path} is below the user's runtime directory, and XDG_RUNTIME_DIR is not set; activate in a session of the user`,
      );
    });
  const item = <T extends { readonly path: string }>(one: T): T => ({ ...one, path: full(one.path) });
  return {
    ...manifest,
    secretsMountPoint: full(manifest.secretsMountPoint),
    symlinkPath: full(manifest.symlinkPath),
    secrets: manifest.secrets.map(item),
    templates: manifest.templates.map(item),
  };
}
