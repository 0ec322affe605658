import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError } from '../errors.ts';
import type { EditResult } from './edit.ts';
import type { EncryptOptions } from './file.ts';
import { type FileLayout, type SopsFormat, formatOf } from './formats/format.ts';
import type { SelectionRule } from './selection.ts';
import type { PathPart } from './tree-path.ts';
import type { TreeValue } from './tree.ts';

/** A file's name, for its format, its rule and for messages; its bytes go in and out of each function. */
export interface EngineFile {
  readonly file: string;
  readonly format?: SopsFormat | undefined;
}

/**
 * For whom: these, or whom a creation rule names, of the `.sops.yaml` at `rules` or the one found upward. Which values are
 * encrypted the rule says in either case, as for sops.
 */
export interface EngineRules {
  readonly recipients?: readonly string[] | undefined;
  readonly rules?: string | undefined;
  /** Which values are encrypted, instead of what the creation rule says. */
  readonly selection?: SelectionRule | undefined;
  readonly macOnlyEncrypted?: boolean | undefined;
}

/** Recipients that come in and go out with a new data key. */
export interface RecipientChanges {
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** What is done with sops files, natively or by the sops command. */
export interface SopsEngine {
  readonly name: 'native' | 'sops';
  /** `ignoreMac`: also what was changed since it was encrypted; for recovery only. */
  decrypt(
    bytes: Uint8Array,
    file: EngineFile & { readonly ignoreMac?: boolean | undefined },
  ): Promise<Uint8Array>;
  /** Makes a sops file of a plain one of the same format. */
  encrypt(plaintext: Uint8Array, file: EngineFile & EngineRules): Promise<Uint8Array>;
  /** Sets one value; `path` has keys, and indices of lists. */
  set(bytes: Uint8Array, path: readonly PathPart[], value: TreeValue, file: EngineFile): Promise<EditResult>;
  /** Removes one value. */
  unset(bytes: Uint8Array, path: readonly PathPart[], file: EngineFile): Promise<EditResult>;
  /** Gives it a whole new content, keeping the ciphertext of what is the same. */
  replace(bytes: Uint8Array, plaintext: Uint8Array, file: EngineFile): Promise<EditResult>;
  /** Gives it a new data key, for the recipients that it has then. */
  rotate(bytes: Uint8Array, file: EngineFile & RecipientChanges): Promise<EditResult>;
  /** Makes it open for whom its creation rule names. */
  updateKeys(bytes: Uint8Array, file: EngineFile & Pick<EngineRules, 'rules'>): Promise<EditResult>;
}

/**
 * This package's own engine. Files are laid out as `stores` of the `.sops.yaml` above them says.
 *
 * @param identities - asked for when a file is opened.
 */
export function nativeEngine(identities: () => Promise<readonly AgeIdentity[]>): SopsEngine {
  const opened = async (file: EngineFile & Pick<EngineRules, 'rules'>): Promise<OpenedWith> => ({
    ...(await laidOut(file)),
    identities: await identities(),
  });
  const edits = (): Promise<typeof import('./edit.ts')> => import('./edit.ts');
  return {
    name: 'native',
    async decrypt(bytes, file) {
      const { decryptFile } = await import('./file.ts');
      return (await decryptFile(bytes, { ...(await opened(file)), ignoreMac: file.ignoreMac })).plaintext;
    },
    async encrypt(plaintext, file) {
      const { encryptFile } = await import('./file.ts');
      return encryptFile(plaintext, { ...(await laidOut(file)), ...(await recipientsOf(file)) });
    },
    set: async (bytes, path, value, file) =>
      (await edits()).setInFile(bytes, path, value, await opened(file)),
    unset: async (bytes, path, file) => (await edits()).unsetInFile(bytes, path, await opened(file)),
    replace: async (bytes, plaintext, file) =>
      (await edits()).replaceContent(bytes, plaintext, await opened(file)),
    async rotate(bytes, file) {
      const { add = [], remove = [] } = file;
      const { changeRecipients, rotateFile } = await edits();
      if (add.length + remove.length === 0) return rotateFile(bytes, await opened(file));
      return changeRecipients(bytes, { add, remove }, await opened(file));
    },
    async updateKeys(bytes, file) {
      const { recipients, shamirThreshold } = await recipientsOf(file);
      return (await edits()).updateRecipients(bytes, recipients, {
        ...(await opened(file)),
        shamirThreshold,
      });
    },
  };
}

type OpenedWith = EngineFile & {
  readonly identities: readonly AgeIdentity[];
  readonly layout: FileLayout | undefined;
};

/** A file with its layout; only of formats that have one. */
async function laidOut({
  file,
  format = formatOf(file),
  rules,
}: EngineFile & Pick<EngineRules, 'rules'>): Promise<
  EngineFile & { readonly layout: FileLayout | undefined }
> {
  if (format === 'dotenv' || format === 'ini') return { file, format, layout: undefined };
  const { layoutFor } = await import('./layout.ts');
  return { file, format, layout: await layoutFor(file, rules) };
}

async function recipientsOf(given: EngineFile & EngineRules): Promise<EncryptOptions> {
  const { file, recipients, rules, selection, macOnlyEncrypted } = given;
  const { creationRuleFor, selectionFor } = await import('./creation-rules.ts');
  if (recipients !== undefined) {
    const named = await selectionFor(file, rules);
    return {
      recipients,
      rule: selection ?? named?.rule,
      macOnlyEncrypted: macOnlyEncrypted ?? named?.macOnlyEncrypted,
    };
  }
  const found = await creationRuleFor(file, rules);
  const [only = []] = found.recipients;
  return {
    recipients: found.recipients.length === 1 ? only : found.recipients,
    rule: selection ?? found.rule,
    macOnlyEncrypted: macOnlyEncrypted ?? found.macOnlyEncrypted,
    shamirThreshold: found.shamirThreshold,
  };
}

/**
 * Works natively, and by the sops command where a file, its rule or an identity needs that: KMS, PGP, Vault or a plugin.
 *
 * @param command - opens the engine of the sops command; `undefined` where there is none, and the native error stands.
 */
export function automaticEngine(
  native: SopsEngine,
  command: () => Promise<SopsEngine | undefined>,
): SopsEngine {
  const either = async <T>(
    bytes: Uint8Array | undefined,
    file: EngineFile,
    work: (engine: SopsEngine) => Promise<T>,
  ): Promise<T> => {
    try {
      return await work(native);
    } catch (error) {
      const engine = (await needsSops(error, bytes, file)) ? await command() : undefined;
      if (engine === undefined) throw error;
      return work(engine);
    }
  };
  return {
    name: 'native',
    decrypt: (bytes, file) => either(bytes, file, (engine) => engine.decrypt(bytes, file)),
    encrypt: (plaintext, file) => either(undefined, file, (engine) => engine.encrypt(plaintext, file)),
    set: (bytes, path, value, file) => either(bytes, file, (engine) => engine.set(bytes, path, value, file)),
    unset: (bytes, path, file) => either(bytes, file, (engine) => engine.unset(bytes, path, file)),
    replace: (bytes, plaintext, file) =>
      either(bytes, file, (engine) => engine.replace(bytes, plaintext, file)),
    rotate: (bytes, file) => either(bytes, file, (engine) => engine.rotate(bytes, file)),
    updateKeys: (bytes, file) => either(bytes, file, (engine) => engine.updateKeys(bytes, file)),
  };
}

/** No native identity opens it, and it is also for keys of a kind that only the sops command knows. */
async function needsSops(error: unknown, bytes: Uint8Array | undefined, file: EngineFile): Promise<boolean> {
  if (!(error instanceof SecretsError)) return false;
  if (error.code !== 'NO_IDENTITY' || bytes === undefined) return error.code === 'NEEDS_SOPS';
  const { readMetadata } = await import('./inspect.ts');
  const { pluginOf } = await import('../age/data-key.ts');
  const { groups } = await readMetadata(bytes, file);
  return groups.some(
    ({ age, other }) => other.size > 0 || age.some(({ recipient }) => pluginOf(recipient) !== undefined),
  );
}
