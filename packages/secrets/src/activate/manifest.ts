import * as z from 'zod';
import { SecretsError } from '../errors.ts';

const text = z.string().default('');
const units = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
const id = z
  .int()
  .nullish()
  .transform((value) => value ?? undefined);

const secretSchema = z.object({
  name: z.string().regex(/^[^/\0]+(?:\/[^/\0]+)*$/),
  key: text,
  path: z.string(),
  owner: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined),
  uid: id,
  group: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined),
  gid: id,
  sopsFile: z.string(),
  format: z.enum(['yaml', 'json', 'binary', 'dotenv', 'ini', '']).default('yaml'),
  mode: z.string().regex(/^[0-7]{1,4}$/),
  restartUnits: units,
  reloadUnits: units,
});

const templateSchema = z.object({
  name: z.string().regex(/^[^/\0]+(?:\/[^/\0]+)*$/),
  content: text,
  file: text,
  path: z.string(),
  mode: z.string().regex(/^[0-7]{1,4}$/),
  owner: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined),
  uid: id,
  group: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined),
  gid: id,
  restartUnits: units,
  reloadUnits: units,
});

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

/** The manifest of `sops-install-secrets` (sops-nix, `pkgs/sops-install-secrets/main.go`). */
export const manifestSchema = z.object({
  secrets: list(secretSchema),
  templates: list(templateSchema),
  placeholderBySecretName: z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? {}),
  secretsMountPoint: z.string().default('/run/secrets.d'),
  symlinkPath: z.string().default('/run/secrets'),
  keepGenerations: z.int().min(0).default(1),
  sshKeyPaths: list(z.string()),
  gnupgHome: text,
  ageKeyFile: text,
  ageSshKeyPaths: list(z.string()),
  useTmpfs: z.boolean().default(false),
  userMode: z.boolean().default(false),
  logging: z
    .object({ keyImport: z.boolean().default(false), secretChanges: z.boolean().default(false) })
    .nullish(),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestSecret = Manifest['secrets'][number];
export type ManifestTemplate = Manifest['templates'][number];

/**
 * Parses a manifest.
 *
 * @throws {SecretsError} `CONFIG_INVALID`; `UNSUPPORTED` where it needs PGP.
 */
export function parseManifest(json: string, file?: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SecretsError('CONFIG_INVALID', 'the manifest is not JSON', { file });
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new SecretsError('CONFIG_INVALID', `not a manifest: ${problems.join('; ')}`, { file });
  }
  if (parsed.data.gnupgHome !== '' || parsed.data.sshKeyPaths.length > 0) {
    throw new SecretsError(
      'UNSUPPORTED',
      "the manifest uses PGP (gnupgHome, sshKeyPaths); use sops-nix's own installer",
      { file },
    );
  }
  return parsed.data;
}
