export { SecretsError, type SecretsErrorCode, type SecretsErrorFacts } from './errors.ts';
export { type GuardFinding, type GuardOptions, type GuardReport, guardStaged } from './guard/guard-staged.ts';
export { type Encoding, type KnownSecret, type KnownValue, knownValues } from './scan/needles.ts';
export { type SecretPattern, secretPatterns } from './scan/patterns.ts';
export {
  type Finding,
  type ScanGitOptions,
  type ScanReport,
  requireNoLeak,
  scanGit,
} from './scan/scan-git.ts';
export type { Match } from './scan/scanner.ts';
