import { isAbsolute, normalize } from 'node:path';
import * as z from 'zod';
import { SecretsError } from '../errors.ts';
import { formatOf, sopsFormats } from '../sops/formats/format.ts';

const absolute = z
  .string()
  .refine(
    (path) => isAbsolute(path) && normalize(path) === path,
    'must be an absolute path without . and ..',
  );
const insideRepo = z
  .string()
  .min(1)
  .refine(
    (path) => !isAbsolute(path) && normalize(path) === path && !path.startsWith('..'),
    'must be a path inside the repository',
  );
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ., _ and - only');
const account = z.string().regex(/^[a-z_][a-z0-9_-]*\$?$|^\d+$/, 'a name or a number');
const unit = z
  .string()
  .regex(/^[A-Za-z0-9:_.@\\-]+\.(?:service|target|socket|timer|path)$/, 'the name of a unit');
const recipient = z.string().regex(/^(?:age1|ssh-ed25519 |ssh-rsa )\S+/, 'an age recipient');

/** What a secret is: says which parts of it a scan looks for, and what has to be replaced at its issuer. */
export const secretKinds = ['opaque', 'env', 'private-key', 'age-identity', 'certificate', 'token'] as const;

const secretSchema = z.strictObject({
  name: name.describe('Unique; the name under the runtime directory.'),
  kind: z.enum(secretKinds).default('opaque'),
  source: z.strictObject({
    host: name.describe('The host it is collected from.'),
    path: absolute,
  }),
  file: insideRepo.describe('The sops file in the repository.'),
  format: z.enum(sopsFormats).optional().describe('Of the sops file; by its name without it.'),
  key: z
    .string()
    .min(1)
    .optional()
    .describe('For YAML and JSON: where the value stands, / between the parts of the path.'),
  path: absolute.optional().describe('The runtime path; /run/secrets/NAME without it.'),
  owner: account.default('root'),
  group: account.optional().describe('root without it, as in sops-nix.'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'an octal mode such as "0400"')
    .default('0400'),
  consumers: z.array(z.string()).default([]).describe('Who uses it, for people.'),
  restartUnits: z.array(unit).default([]),
  reloadUnits: z.array(unit).default([]),
  issuer: z.string().optional().describe('Where the credential is replaced after a revocation.'),
});

/** The schema of `secrets.yaml`; its JSON Schema is published as `schema/secrets.json`. */
export const secretsConfigSchema = z.strictObject({
  recipients: z
    .array(recipient)
    .default([])
    .describe("Who may open the files beside the target's own bootstrap key."),
  repository: z.string().default('.').describe('The git working tree, relative to this file.'),
  bootstrapKey: absolute
    .default('/var/lib/cutover/age-key.txt')
    .describe('Where the one age identity lies on the target.'),
  sops: z
    .strictObject({
      path: absolute,
      version: z.string().regex(/^\d+\.\d+\.\d+$/, 'a version such as "3.13.2"'),
    })
    .optional()
    .describe('The sops command, for files with KMS, PGP, Vault or plugins; 3.11 or later.'),
  secrets: z.array(secretSchema).min(1),
});

/** `secrets.yaml`, parsed and checked. */
export type SecretsConfig = z.output<typeof secretsConfigSchema>;
export type SecretsConfigInput = z.input<typeof secretsConfigSchema>;
export type SecretSpec = SecretsConfig['secrets'][number];

/**
 * Checks a config: its shape, and that no two secrets meet at a name, a place in a file or a runtime path.
 *
 * @throws {SecretsError} `CONFIG_INVALID` with every problem and its path.
 */
export function parseSecretsConfig(value: unknown, file?: string): SecretsConfig {
  const parsed = secretsConfigSchema.safeParse(value);
  const problems = parsed.success
    ? conflicts(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the top'}: ${message}`);
  if (!parsed.success || problems.length > 0) {
    throw new SecretsError('CONFIG_INVALID', `not a secrets config: ${problems.join('; ')}`, { file });
  }
  return parsed.data;
}

/** The format of a secret's sops file. */
export function formatOfSecret({
  file,
  format,
}: Pick<SecretSpec, 'file' | 'format'>): (typeof sopsFormats)[number] {
  return format ?? formatOf(file);
}

/** Where a secret is at run time. */
export function runtimePath({ path, name: secret }: Pick<SecretSpec, 'path' | 'name'>): string {
  return path ?? `/run/secrets/${secret}`;
}

function conflicts(config: SecretsConfig): string[] {
  const problems: string[] = [];
  const once = (seen: Map<string, string>, what: string, value: string, secret: string): void => {
    const other = seen.get(value);
    if (other !== undefined) problems.push(`${secret} and ${other} have the same ${what} ${value}`);
    seen.set(value, secret);
  };
  const names = new Map<string, string>();
  const places = new Map<string, string>();
  const paths = new Map<string, string>();
  for (const secret of config.secrets) {
    once(names, 'name', secret.name, secret.name);
    once(
      places,
      'place',
      `${secret.file}${secret.key === undefined ? '' : ` key ${secret.key}`}`,
      secret.name,
    );
    once(paths, 'runtime path', runtimePath(secret), secret.name);
    const structured = ['yaml', 'json'].includes(formatOfSecret(secret));
    if (structured !== (secret.key !== undefined)) {
      problems.push(
        structured
          ? `${secret.name}: ${secret.file} is ${formatOfSecret(secret)}, so a key is needed`
          : `${secret.name}: ${secret.file} holds one whole file, so it has no key`,
      );
    }
  }
  return problems;
}
