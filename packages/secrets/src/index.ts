export { SecretsError, type SecretsErrorCode, type SecretsErrorFacts } from './errors.ts';
export type { AgeIdentity, CustomIdentity, LibraryIdentity, PluginIdentity } from './age/identity.ts';
export {
  type KeyPair,
  generateKeyPair,
  identityFile,
  parseIdentities,
  recipientsOf,
} from './age/identities.ts';
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
  type SopsEngine,
  automaticEngine,
  nativeEngine,
} from './sops/engine.ts';
export { type SearchOptions, findIdentities, readIdentityFile } from './age/search.ts';
export { sshIdentity, sshToAge } from './age/ssh-identity.ts';
export { type GuardFinding, type GuardOptions, checkBlob, guardStaged } from './guard/guard-staged.ts';
export { type LintFinding, type LintOptions, lintSopsNix } from './guard/lint-sops-nix.ts';
export { type RevokeOptions, type RevokeReport, revoke } from './guard/revoke.ts';
export { plaintextLeavesOf, readMetadata } from './sops/inspect.ts';
export { type SopsFormat, formatOf, sopsFormats } from './sops/formats/format.ts';
export type { AgeEntry, KeyGroup, SopsMetadata } from './sops/metadata.ts';
export type { SelectionRule } from './sops/selection.ts';
export type { PathPart } from './sops/tree-path.ts';
export type { Comment, Documents, Entry, ListNode, MapNode, Scalar, TreeValue } from './sops/tree.ts';
export {
  type SecretSpec,
  type SecretsConfig,
  type SecretsConfigInput,
  parseSecretsConfig,
  runtimePath,
  secretsConfigSchema,
} from './move/config.ts';
export { secretsJsonSchema } from './move/json-schema.ts';
export { loadSecretsConfig } from './move/load-config.ts';
export { type CollectedSecret, collect } from './move/collect.ts';
export type { SecretSources } from './move/sources.ts';
export {
  type EncryptIntoRepoOptions,
  type EncryptReport,
  encryptIntoRepo,
} from './move/encrypt-into-repo.ts';
export {
  type BootstrapKeyOptions,
  type BootstrapKeyReport,
  placeBootstrapKey,
  readBootstrapIdentities,
} from './move/bootstrap-key.ts';
export { type CommitReport, commitSecrets } from './git/commit.ts';
export { type Proof, proveDecryptable, requireDecryptable } from './move/prove-decryptable.ts';
export type { Check } from './move/expected-content.ts';
export { type SecretVerdict, type VerifyOptions, verifySecrets } from './move/verify-secrets.ts';
export { type Fingerprinter, createFingerprinter } from './move/fingerprint.ts';
export { type MoveOptions, type MoveReport, move } from './move/move-secrets.ts';
export { type Encoding, type KnownValue, knownValues } from './scan/needles.ts';
export { type SecretPattern, secretPatterns } from './scan/patterns.ts';
export {
  type Finding,
  type ScanGitOptions,
  type ScanReport,
  requireNoLeak,
  scanGit,
} from './scan/scan-git.ts';
export type { Match } from './scan/scanner.ts';
export { type RenderOptions, type RenderedManifest, renderManifest } from './activate/render-manifest.ts';
export { type ActivateOptions, type ActivationReport, activate } from './activate/activate.ts';
export { type Manifest, parseManifest } from './activate/manifest.ts';
