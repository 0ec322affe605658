export { SecretsError, type SecretsErrorCode, type SecretsErrorFacts } from './errors.ts';
export { ConfigError } from './config-error.ts';
export { type ActivateOptions, type ActivationReport, activate } from './activate/activate.ts';
export type { Accounts } from './activate/accounts.ts';
export type { Changes } from './activate/changes.ts';
export type { Backing } from './activate/generation.ts';
export type { Notified, UnitChanges } from './activate/units.ts';
export { type LintFinding, type LintOptions, lintSopsNix } from './guard/lint-sops-nix.ts';
