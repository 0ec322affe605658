export { SecretsError, type SecretsErrorCode, type SecretsErrorFacts } from './errors.ts';
export { ConfigError } from './config-error.ts';
export type { AgeIdentity, CustomIdentity, LibraryIdentity, PluginIdentity } from './age/identity.ts';
export {
  type DecryptOptions,
  type DecryptedFile,
  type EncryptOptions,
  type FileOptions,
  decryptFile,
  encryptFile,
} from './sops/file.ts';
export {
  type EditOptions,
  type EditResult,
  replaceContent,
  rotateFile,
  setInFile,
  unsetInFile,
  updateRecipients,
} from './sops/edit.ts';
export { type CreationRule, creationRuleFor } from './sops/creation-rules.ts';
export { type SopsBinaryOptions, sopsBinary } from './sops/sops-binary.ts';
export {
  type EngineFile,
  type EngineRules,
  type RecipientChanges,
  type SopsEngine,
  automaticEngine,
  nativeEngine,
} from './sops/engine.ts';
export { plaintextLeavesOf, readMetadata } from './sops/inspect.ts';
export { type FileLayout, type SopsFormat, formatOf } from './sops/formats/format.ts';
export type { AgeEntry, KeyGroup, SopsMetadata } from './sops/metadata.ts';
export type { SelectionRule } from './sops/selection.ts';
export type { PathPart } from './sops/tree-path.ts';
export type { Comment, Documents, Entry, ListNode, MapNode, Scalar, TreeValue } from './sops/tree.ts';
