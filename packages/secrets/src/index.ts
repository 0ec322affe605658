export { SecretsError, type SecretsErrorCode, type SecretsErrorFacts } from './errors.ts';
export { ConfigError } from './config-error.ts';
export { type SecretSpec, type SecretsConfig, parseSecretsConfig, runtimePath } from './move/config.ts';
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
export { type CommitOptions, type CommitReport, commitSecrets } from './git/commit.ts';
export { type Proof, proveDecryptable, requireDecryptable } from './move/prove-decryptable.ts';
export type { Check } from './move/expected-content.ts';
export { type SecretVerdict, type VerifyOptions, verifySecrets } from './move/verify-secrets.ts';
export { type Fingerprinter, createFingerprinter } from './move/fingerprint.ts';
export { type MoveOptions, type MoveReport, move } from './move/move-secrets.ts';
export { type RevokeOptions, type RevokeReport, revoke } from './guard/revoke.ts';
export { type RenderOptions, type RenderedManifest, renderManifest } from './activate/render-manifest.ts';
