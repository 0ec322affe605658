import { UsageError } from './engine/errors.ts';
import type { Runbook } from './engine/runbook.ts';

export async function loadRunbook(configPath: string): Promise<Runbook<unknown>> {
  throw new UsageError(`no runbook for ${configPath}`);
}
