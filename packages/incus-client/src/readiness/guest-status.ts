import type { IncusScope } from '../client.ts';
import { OperationError } from '../errors.ts';

interface CloudInitStatus {
  readonly status: 'running' | 'done' | 'degraded' | 'error' | 'disabled' | 'absent';
  readonly errors: readonly string[];
}

/**
 * Asks cloud-init, waiting for its end there rather than asking again and again. It exits with 2 when it is done with
 * recoverable errors (since 23.4), which its `extended_status` calls `degraded done`.
 */
export async function cloudInitStatus(
  client: IncusScope,
  instance: string,
  signal: AbortSignal,
): Promise<CloudInitStatus> {
  const { exitCode, stdout } = await client.exec.run(
    instance,
    ['cloud-init', 'status', '--wait', '--format', 'json'],
    { signal },
  );
  if (exitCode === 127) return { status: 'absent', errors: [] };
  const report = parseReport(stdout.toString());
  if (report === undefined) return { status: 'running', errors: [] };
  const {
    status,
    extended_status: extended = status,
    errors = [],
    recoverable_errors: recoverable = {},
  } = report;
  const complaints = [...errors, ...Object.values(recoverable).flat()];
  if (status === 'done')
    return {
      status: exitCode === 2 || extended.startsWith('degraded') ? 'degraded' : 'done',
      errors: complaints,
    };
  if (status === 'error' || status === 'disabled') return { status, errors: complaints };
  return { status: 'running', errors: complaints };
}

interface Report {
  readonly status: string;
  readonly extended_status?: string;
  readonly errors?: readonly string[];
  readonly recoverable_errors?: Readonly<Record<string, readonly string[]>>;
}

/** `undefined`: killed on its way, or not yet able to say. */
export function parseReport(text: string): Report | undefined {
  const start = text.indexOf('{');
  if (start === -1) return undefined;
  try {
    const parsed: unknown = JSON.parse(text.slice(start));
    return isReport(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'string';
}

/**
 * systemd's state once it has booted; it needs a bus, so early in the boot it says `offline` or nothing. `absent`: the guest has
 * another init.
 */
export async function systemdStatus(
  client: IncusScope,
  instance: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    const argv = ['systemctl', 'is-system-running', '--wait'];
    const { exitCode, stdout } = await client.exec.run(instance, argv, { signal });
    if (exitCode === 127) return 'absent';
    return stdout.toString().trim() || 'offline';
  } catch (error) {
    if (error instanceof OperationError) return 'offline';
    throw error;
  }
}
