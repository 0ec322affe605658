export type { Evidence, JsonValue } from './engine/json.ts';
export { secretInput, SecretInput, type Inputs } from './engine/inputs.ts';
export {
  phases,
  type Answer,
  type Gate,
  type PhaseId,
  type Retry,
  type Step,
  type StepContext,
} from './engine/step.ts';
export type { Finding, Ownership, Runbook } from './engine/runbook.ts';
export {
  CutoverError,
  RunbookError,
  StepTimeoutError,
  UsageError,
  type CutoverErrorCode,
} from './engine/errors.ts';
