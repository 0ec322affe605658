import type { PhaseId } from '@cutover/runbook';
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Lets a phase be run by itself: `node a-provision.js --config cutover.yaml` is `cutover run --until a-provision`.
 * Does nothing where the phase was imported.
 */
export function runAsScript(phase: PhaseId): void {
  const script = process.argv[1];
  if (script === undefined || basename(realpathSync(script)).split('.')[0] !== phase) return;
  // Not awaited: the phase must have been loaded before the runbook, which imports it, can be.
  void import('./run-phase.ts').then(({ runPhase }) => runPhase(phase));
}
