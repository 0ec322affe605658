export { exitCodes } from './exit-codes.ts';
export { InterruptedError, withInterrupts } from './interrupts.ts';
export { UsageError } from './usage-error.ts';
export { type CommandIo, processIo, write } from './io.ts';
export { type RunCommandOptions, runCommand } from './run-command.ts';
export { runProcess } from './run-process.ts';
export { describeError, type DescribedError } from './describe-error.ts';
