import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import loggerScript from './logger.sh';

/** Puts the logger script where the loops will look for it; once there, it is not written again at each start. */
export async function installLogger(config: RigConfig): Promise<void> {
  const path = loggerPath(config);
  const present = await unlessAbsent(readFile(path, 'utf8'));
  if (present !== loggerScript) await writeFileDurably(path, loggerScript, { mode: 0o600 });
}

/** Where the logger script lies. */
export function loggerPath(config: RigConfig): string {
  return join(config.stateDir, 'logger.sh');
}

/** The newest output of a loop; what came before it is in the same name with `.1`. */
export function logPath(config: RigConfig, loop: string): string {
  return join(config.logDir, `${loop}.log`);
}

/** Is there while the log of a loop cannot be written. */
export function logTroublePath({ runtimeDir }: RigConfig, loop: string): string {
  return join(runtimeDir, `log-trouble-${loop}`);
}

/** The shell command that tmux pipes a loop's output into. */
export function loggerCommand(config: RigConfig, loop: LoopConfig): string {
  const half = String(Math.ceil(loop.logCap / 2));
  const words = [
    'sh',
    loggerPath(config),
    logPath(config, loop.name),
    half,
    logTroublePath(config, loop.name),
  ];
  return `exec ${words.map(quoteForShell).join(' ')}`;
}

function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
