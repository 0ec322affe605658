import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import hookScript from './hook.sh';

/** The hooks that are listened to: none fires more than a few times in a turn. */
const hookNames = ['SessionStart', 'UserPromptSubmit', 'Stop', 'StopFailure', 'Notification', 'SessionEnd'];
/** Seconds after which the agent gives a hook up. */
const hookTimeout = 10;

/** Where an agent's hooks put what they tell. */
export function spoolOf(folder: string): string {
  return join(folder, 'spool');
}

/** The settings that make an agent tell: given on its command line, so that no file of its user is changed. */
export function settingsPath(folder: string): string {
  return join(folder, 'settings.json');
}

/** What must be there for as long as an agent runs that was started with these settings. */
export function hookFiles(folder: string): string[] {
  return [settingsPath(folder), scriptPath(folder), spoolOf(folder)];
}

/** Puts the settings, the hook and its spool in place; once there, they are not written again. */
export async function installHooks(folder: string): Promise<void> {
  await mkdir(spoolOf(folder), { recursive: true, mode: 0o700 });
  const script = scriptPath(folder);
  await keep(script, hookScript);
  await keep(
    settingsPath(folder),
    `${JSON.stringify(hookSettings(script, spoolOf(folder)), undefined, 2)}\n`,
  );
}

/**
 * The settings as the agent reads them. A hook that fails is the agent's failure, and one that ends with 2 blocks its
 * prompt: so this one ends with 0 whatever happens, also where its script was deleted, with which `sh` ends with 2.
 */
export function hookSettings(script: string, spool: string): object {
  const command = `sh ${quote(script)} ${quote(spool)} 2>/dev/null || :`;
  const hook = [{ hooks: [{ type: 'command', command, timeout: hookTimeout }] }];
  return { hooks: Object.fromEntries(hookNames.map((name) => [name, hook])) };
}

function scriptPath(folder: string): string {
  return join(folder, 'hook.sh');
}

async function keep(path: string, text: string): Promise<void> {
  const present = await unlessAbsent(readFile(path, 'utf8'));
  if (present !== text) await writeFileDurably(path, text, { mode: 0o600 });
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
