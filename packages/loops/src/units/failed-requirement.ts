import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isErrno } from '@cutover/foundation/errno';

const execute = promisify(execFile);

/** A unit that failed, and the rig's unit that needs it, which systemd did not start. */
export interface FailedRequirement {
  readonly unit: string;
  readonly requiredBy: string;
}

/** Asks systemd whether what the rig's unit requires has failed; `undefined` where nothing did, or there is no systemd. */
export async function failedRequirement(rig: string): Promise<FailedRequirement | undefined> {
  for (const requiredBy of [`loops-${rig}.service`, `loops-tmux-${rig}.service`]) {
    const required = await systemctl(
      'show',
      '--property=Requires',
      '--property=Requisite',
      '--value',
      requiredBy,
    );
    const units = required.split(/\s+/).filter((unit) => unit !== '');
    if (units.length === 0) continue;
    const failed = await systemctl(
      'list-units',
      '--state=failed',
      '--plain',
      '--no-legend',
      '--no-pager',
      ...units,
    );
    const [unit = ''] = failed.trim().split(/\s+/);
    if (unit !== '') return { unit, requiredBy };
  }
  return undefined;
}

/** The same for people. */
export function noStart({ unit, requiredBy }: FailedRequirement): string {
  const what = /secrets/.test(unit) ? 'no secrets: ' : '';
  return `${what}${unit} has failed, so ${requiredBy} was not started; see journalctl -u ${unit}`;
}

async function systemctl(...argv: readonly string[]): Promise<string> {
  try {
    return (await execute('systemctl', argv)).stdout;
  } catch (error) {
    // No systemctl, or no systemd that it could ask: then nothing of ours failed there.
    if (isErrno(error, 'ENOENT') || (error instanceof Error && 'stderr' in error)) return '';
    throw error;
  }
}
