import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../atomic-file.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';

/**
 * Keeps the newest output of a loop in two files, `LOG` and `LOG.1`, each of at most half the cap. `head -c` never
 * reads beyond its count from a pipe, so no byte is lost in between; `stdbuf` writes each at once.
 */
const loggerScript = `log=$1 half=$2
umask 077
while :; do
  size=0
  [ ! -s "$log" ] || size=$(stat -c %s "$log")
  left=$((half - size))
  if [ "$left" -gt 0 ]; then
    stdbuf -o0 head -c "$left" >>"$log"
    [ "$(stat -c %s "$log")" -ge "$half" ] || exit 0
  fi
  mv -f "$log" "$log.1"
done
`;

/** Puts the logger script where the loops will look for it; once there, it is not written again at each start. */
export async function installLogger(config: RigConfig): Promise<void> {
  const path = loggerPath(config);
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present !== loggerScript) await replaceFile(path, loggerScript);
}

/** Where the logger script lies. */
function loggerPath(config: RigConfig): string {
  return join(config.stateDir, 'logger.sh');
}

/** The newest output of a loop; what came before it is in the same name with `.1`. */
export function logPath(config: RigConfig, loop: string): string {
  return join(config.logDir, `${loop}.log`);
}

/** The shell command that tmux pipes a loop's output into. */
export function loggerCommand(config: RigConfig, loop: LoopConfig): string {
  const words = ['sh', loggerPath(config), logPath(config, loop.name), String(Math.ceil(loop.logCap / 2))];
  return `exec ${words.map(quoteForShell).join(' ')}`;
}

function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
