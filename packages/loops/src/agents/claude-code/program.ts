import { basename } from 'node:path';

/** Which word of a command is the program itself: what goes before it, e.g. `nice` or `nsenter`, has options of its own. -1: none. */
export function programIndex(command: readonly string[]): number {
  return command.findLastIndex((word) => basename(word) === 'claude');
}

/** The words of a command up to the program, which options of another call can follow; a wrapper is taken for the program. */
export function programOf(command: readonly string[]): readonly string[] {
  return command.slice(0, Math.max(0, programIndex(command)) + 1);
}
