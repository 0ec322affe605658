import {
  type ConfigMistake,
  type ConfigReading,
  type PlaceOf,
  parseConfig,
} from '@cutover/foundation/config-file';
import { isAbsolute, normalize } from 'node:path';
import * as z from 'zod';
import { pluginOf } from '../age/data-key.ts';
import { sshRecipient } from '../age/ssh-recipient.ts';
import { x25519Recipient } from '../age/x25519.ts';
import { ConfigError } from '../config-error.ts';
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
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'may have letters, digits, ., _ and - only');
const account = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]*\$?$|^\d+$/, 'must be the name or the number of an account');
const unit = z
  .string()
  .regex(
    /^[A-Za-z0-9:_.@\\-]+\.(?:service|target|socket|timer|path)$/,
    'must be the name of a unit, such as nginx.service',
  );
const recipient = z
  .string()
  .regex(/^(?:age1|ssh-ed25519 |ssh-rsa )\S+/, {
    message: 'must be an age recipient: age1…, ssh-ed25519 … or ssh-rsa …',
    abort: true,
  })
  .refine((text) => !isMistyped(text), 'is mistyped: it is not a key of its kind');

/** A key has a checksum or a form of its own; that of a plugin is the plugin's to read, and of a hybrid one the library's. */
function isMistyped(text: string): boolean {
  if (text.startsWith('age1pq1') || pluginOf(text) !== undefined) return false;
  try {
    if (text.startsWith('ssh-')) sshRecipient(text);
    else x25519Recipient(text);
    return false;
  } catch {
    return true;
  }
}

/** What a secret is: says which parts of it a scan looks for, and what has to be replaced at its issuer. */
export const secretKinds = ['opaque', 'env', 'private-key', 'age-identity', 'certificate', 'token'] as const;

const secretSchema = z.strictObject({
  name: name.describe('Unique; the name under the runtime directory.'),
  kind: z
    .enum(secretKinds)
    .default('opaque')
    .describe('What it is: says which parts of it a scan looks for.'),
  source: z
    .strictObject({
      host: name.describe('The host it is collected from.'),
      path: absolute.describe('The file there.'),
    })
    .describe('Where it is before the move.'),
  file: insideRepo.describe('The sops file in the repository.'),
  format: z.enum(sopsFormats).optional().describe('Of the sops file. Default: by its name.'),
  key: z
    .string()
    .min(1)
    .optional()
    .describe('For YAML and JSON: where the value stands, / between the parts of the path.'),
  path: absolute.optional().describe('The runtime path. Default: /run/secrets/NAME.'),
  owner: account.default('root').describe('The user whose file it is at run time.'),
  group: account.optional().describe('Default: root, as in sops-nix.'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'must be an octal mode such as "0400"')
    .default('0400')
    .describe('Its permissions at run time.'),
  consumers: z.array(z.string()).default([]).describe('Who uses it, for people.'),
  restartUnits: z.array(unit).default([]).describe('Units that are restarted when it has changed.'),
  reloadUnits: z.array(unit).default([]).describe('Units that are reloaded when it has changed.'),
  issuer: z.string().optional().describe('Where the credential is replaced after a revocation.'),
});

/** The schema of `secrets.yaml`; its JSON Schema is published as `schema/secrets.schema.json`. */
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
      path: absolute.describe('Its program.'),
      version: z
        .string()
        .regex(/^\d+\.\d+\.\d+$/, 'must be a version such as "3.13.2"')
        .describe('The version that it must have, exactly.'),
    })
    .optional()
    .describe('The sops command, for files with KMS, PGP, Vault or plugins; 3.11 or later.'),
  secrets: z.array(secretSchema).min(1, 'must name at least one secret').describe('What moves.'),
});

/**
 * `secrets.yaml`, parsed and checked: defaults filled in.
 * @interface
 */
export type SecretsConfig = z.output<typeof secretsConfigSchema>;
/**
 * One secret of `secrets.yaml`: where it comes from, its sops file, and where and whose it is at run time.
 * @interface
 */
export type SecretSpec = SecretsConfig['secrets'][number];

/**
 * Reads a config from its text: its shape, and that no two secrets meet at a name, a place in a file or a runtime path.
 *
 * @param file - its name, for messages.
 * @throws {ConfigError} `CONFIG_INVALID` with every mistake and its place.
 */
export function parseSecretsConfig(text: string, file = 'secrets.yaml'): SecretsConfig {
  const read = parseConfig(text, secretsConfigSchema);
  const mistakes = configMistakes(read);
  if (!read.ok || mistakes.length > 0) throw new ConfigError(file, mistakes);
  return read.value;
}

/** Every mistake of a config that was read. */
export function configMistakes(read: ConfigReading<SecretsConfig>): readonly ConfigMistake[] {
  return read.ok ? conflicts(read.value, read.placeOf) : read.mistakes;
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

function conflicts({ secrets }: SecretsConfig, placeOf: PlaceOf): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  const seen = new Map<string, string>();
  for (const [index, secret] of secrets.entries()) {
    const at = (field: string, message: string): void =>
      void mistakes.push(placeOf(['secrets', index, field], message));
    const once = (field: string, what: string, value: string): void => {
      const other = seen.get(`${what}\0${value}`);
      if (other !== undefined)
        at(field, `${secret.name} and ${other} have the same ${what} ${value}; give each its own`);
      seen.set(`${what}\0${value}`, secret.name);
    };
    const { file, key } = secret;
    once('name', 'name', secret.name);
    once(key === undefined ? 'file' : 'key', 'place', key === undefined ? file : `${file} key ${key}`);
    once('path', 'runtime path', runtimePath(secret));
    const format = formatOfSecret(secret);
    const structured = format === 'yaml' || format === 'json';
    if (structured && key === undefined) at('file', `${file} is ${format}, so ${secret.name} needs a key`);
    if (!structured && key !== undefined)
      at('key', `${file} holds one whole file, so ${secret.name} has no key`);
  }
  return mistakes;
}
