export type { Evidence, JsonValue } from './engine/json.ts';
export { type Inputs, SecretInput, secretInput } from './engine/inputs.ts';
export { type Step, type StepDefinition, type StepFactory, stepFor } from './engine/step.ts';
export type { CheckResult, SatisfiedEvidence } from './engine/check-result.ts';
export type { StepContext } from './engine/context.ts';
export type { StepReference } from './engine/step-reference.ts';
export type { Gate } from './engine/gate.ts';
export type { Phase } from './engine/phase.ts';
export type { Retry } from './engine/retry.ts';
export type { Words } from './engine/words.ts';
export type { Attested, Statement, StatementOfRun } from './journal/statement.ts';
export type { JournalPlace, JournalWitness, RunnerClaim } from './engine/claim.ts';
export type { Finding, Ownership, Runbook } from './engine/runbook.ts';
export {
  RunbookError,
  type RunbookErrorCode,
  InterruptedRunError,
  InvalidRunbookError,
  StalePlanError,
  StepTimeoutError,
  UsageError,
  VerificationError,
} from './engine/errors.ts';
export { type WorldFacts, WorldMovedError } from './engine/world-facts.ts';
export { lastRehearsal, type RehearsalResult } from './rehearsal/result.ts';
export { type Run, type RunOptions, startRun } from './engine/engine.ts';
export type { RunRequest } from './engine/decide-run.ts';
export type { Choice } from './engine/choose.ts';
export type { EngineEvent, LiveEvent } from './engine/events.ts';
export type { Outcome } from './engine/outcome.ts';
export { dieWithRunner } from './engine/die-with-runner.ts';
export type {
  Envelope,
  JournalEntry,
  JournalEvent,
  PlannedStep,
  RecordedError,
  RunMode,
  Runner,
  RunResultName,
  StepCall,
  StepEvent,
  StepIdentity,
} from './journal/entry.ts';
export { JournalDamagedError, JournalNewerError, JournalWriteError, LockedError } from './journal/errors.ts';
export { type Decide, type Decision, GateRefusedError, type OpenGate } from './gates/answer.ts';
export type { Approvers } from './engine/approvers.ts';
export type { Notification, NotifyEvent, NotifyHook } from './engine/notify-hook.ts';
export type { GateDecision, GateRecord } from './journal/step-record.ts';
export { covered, type Span } from './progress/spans.ts';
export { runbookCommand, type RunbookCommandOptions } from './commands/program.ts';
export type { Attestations, CommandStreams, Rehearsal, RunbookCommand } from './commands/context.ts';
export type { Answers, Question, Setup, SetupFiles, SetupSession } from './commands/setup.ts';
export { type ExitCode, exitCodes, type OwnExitCode } from './commands/exit-codes.ts';
