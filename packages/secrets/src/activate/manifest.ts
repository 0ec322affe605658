import { type ConfigMistake, type PlaceOf, parseConfig } from '@cutover/foundation/config-file';
import { normalize } from 'node:path/posix';
import * as z from 'zod';
import { ConfigError } from '../config-error.ts';
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
const name = z
  .string()
  .regex(
    /^(?:(?!\.\.?(?:\/|$))[^/\0]+(?:\/|$))+(?<!\/)$/,
    'must be a name, or names with / between them, none of them . or ..',
  );
const account = {
  owner: or(z.string(), undefined),
  uid: or(z.int(), undefined),
  group: or(z.string(), undefined),
  gid: or(z.int(), undefined),
};
/** One spelling for each place, so that two links to one are seen. */
const oneSpelling = (path: string): string => (path === '' ? '' : normalize(path).replace(/(?<=.)\/+$/, ''));
const units = { restartUnits: list(z.string()), reloadUnits: list(z.string()) };
const mode = z.string().regex(/^[0-7]{1,6}$/, 'must be an octal mode such as "0400"');

const secretSchema = z.object({
  name,
  key: text,
  path: text.transform(oneSpelling),
  ...account,
  sopsFile: z.string(),
  format: or(z.enum(['yaml', 'json', 'binary', 'dotenv', 'ini', '']), 'yaml').transform((format) =>
    format === '' ? 'yaml' : format,
  ),
  mode,
  ...units,
});

const templateSchema = z
  .object({ name, content: text, file: text, path: text.transform(oneSpelling), mode, ...account, ...units })
  .refine(({ content, file }) => content !== '' || file !== '', 'neither content nor file is given');

/** The manifest of `sops-install-secrets` (sops-nix, `pkgs/sops-install-secrets/main.go`). */
export const manifestSchema = z.object({
  secrets: list(secretSchema),
  templates: list(templateSchema),
  placeholderBySecretName: or(z.record(z.string(), z.string()), {}),
  secretsMountPoint: or(z.string(), '/run/secrets.d').transform(oneSpelling),
  symlinkPath: or(z.string(), '/run/secrets').transform(oneSpelling),
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
 * @throws {ConfigError} `CONFIG_INVALID`; {@link SecretsError} `UNSUPPORTED` where it names a PGP keyring.
 */
export function parseManifest(json: string, file = 'the manifest'): Manifest {
  try {
    JSON.parse(json);
  } catch {
    throw new ConfigError(file, [{ key: '', message: 'the manifest is not JSON' }]);
  }
  // JSON is YAML too, and that parser says where a mistake is.
  const read = parseConfig(json, manifestSchema);
  const mistakes = read.ok
    ? [...conflicts(read.value, read.placeOf), ...pathConflicts(read.value, read.placeOf)]
    : read.mistakes;
  if (!read.ok || mistakes.length > 0) throw new ConfigError(file, mistakes);
  if (read.value.gnupgHome !== '') {
    throw new SecretsError(
      'UNSUPPORTED',
      "the manifest's gnupgHome needs PGP, which activate does not have: encrypt the files for the host's age key too and leave it out, or use sops-nix's own installer",
      { file },
    );
  }
  return read.value;
}

/** Files of a generation that would be written twice: the last would win, and no message would say which that is. */
function conflicts({ secrets, templates }: Manifest, placeOf: PlaceOf): ConfigMistake[] {
  const places = [
    ...secrets.map(({ name: file }, index) => ({ file, at: ['secrets', index, 'name'] })),
    ...templates.map(({ name: file }, index) => ({
      file: `rendered/${file}`,
      at: ['templates', index, 'name'],
    })),
  ];
  const first = new Map<string, unknown>();
  return places.flatMap(({ file, at }) => {
    if (!first.has(file)) {
      first.set(file, at);
      return [];
    }
    return [placeOf(at, `${file} is there twice; give each its own name`)];
  });
}

/** Links that would take each other's place, or that of what they lead to. */
function pathConflicts(
  { secrets, templates, symlinkPath, secretsMountPoint, userMode }: Manifest,
  placeOf: PlaceOf,
): ConfigMistake[] {
  const links = [
    ...secrets.map((item, index) => ({
      item,
      at: ['secrets', index, 'path'],
      own: `${symlinkPath}/${item.name}`,
    })),
    ...templates.map((item, index) => ({
      item,
      at: ['templates', index, 'path'],
      own: `${symlinkPath}/rendered/${item.name}`,
    })),
  ];
  const isRelative = (path: string): boolean => !path.startsWith('/') && !(userMode && path.startsWith('%r'));
  const taken = new Map<string, string>();
  return links.flatMap(({ item: { name: secret, path }, at, own }) => {
    const other = taken.get(path);
    if (path !== '') taken.set(path, secret);
    if (path === '' || path === own) return [];
    if (isRelative(path)) return [placeOf(at, `${path} is relative; write the whole path, from /`)];
    if (other !== undefined) return [placeOf(at, `${path} is the path of ${other} too; give each its own`)];
    const reserved = [symlinkPath, secretsMountPoint].find(
      (one) => path === one || path.startsWith(`${one}/`),
    );
    return reserved === undefined
      ? []
      : [
          placeOf(
            at,
            `${path} is in ${reserved}, where the secrets themselves are; choose a path outside it`,
          ),
        ];
  });
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
