import type { InstanceState } from './types.ts';

/** Whether an instance runs. A guest may tell the daemon that it is ready, and its status is then that. */
export function isRunning({ status }: Pick<InstanceState, 'status'>): boolean {
  return status === 'Running' || status === 'Ready';
}
