import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Host, HostConnectionError, localHost } from '@cutover/host';

import { script } from '../target/script.ts';
import { describeCheck, type HealthCheck } from './check.ts';
import unitsScript from './units-active.sh';

/** What one health check said at last, after how many attempts. */
export interface CheckResult {
  readonly check: string;
  readonly ok: boolean;
  /** What was found: for a failure, why. */
  readonly detail: string;
  readonly attempts: number;
}

export interface RunChecksOptions {
  /** As `performance.now()` counts: no check is tried beyond it. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  readonly onResult?: ((result: CheckResult) => void) | undefined;
}

const late = 'no answer in time';

/**
 * Runs all checks at once, each until it passes or its time is up.
 *
 * @throws {HostConnectionError} the target went away under a check.
 */
export async function runChecks(
  host: Host,
  checks: readonly HealthCheck[],
  { deadline, signal, onResult }: RunChecksOptions,
): Promise<readonly CheckResult[]> {
  return await Promise.all(
    checks.map(async (check) => {
      const own =
        check.timeout === undefined ? deadline : Math.min(deadline, performance.now() + check.timeout);
      let known: string | undefined;
      for (let attempts = 1; ; attempts++) {
        signal?.throwIfAborted();
        const problem = await tryCheck(host, check, Math.max(1, own - performance.now()), signal);
        // The last attempt may have a moment only: what an earlier one found says more than that it got no answer.
        if (problem !== undefined && problem !== late) known = problem;
        const over = performance.now() + 500 > own;
        if (problem === undefined || over) {
          const result = {
            check: describeCheck(check),
            ok: problem === undefined,
            detail: problem === undefined ? 'ok' : (known ?? problem),
            attempts,
          };
          onResult?.(result);
          return result;
        }
        await sleep(500, undefined, { signal });
      }
    }),
  );
}

/** @returns why the check does not pass, `undefined` when it does. */
async function tryCheck(
  host: Host,
  check: HealthCheck,
  left: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const limit = AbortSignal.timeout(Math.ceil(left));
  const stop = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  try {
    switch (check.type) {
      case 'command': {
        if (check.on !== 'here') return await tryCommand(host, check.argv, stop);
        await using here = localHost();
        return await tryCommand(here, check.argv, stop);
      }
      case 'http':
        return check.from === 'target' ? await tryCurl(host, check, left, stop) : await tryFetch(check, stop);
      case 'units':
        return await tryCommand(host, script('units', unitsScript, ...check.units), stop);
      default:
        return await tryPort(check.host, check.port, stop);
    }
  } catch (error) {
    if (error instanceof HostConnectionError) throw error;
    signal?.throwIfAborted();
    return limit.aborted ? late : reason(error);
  }
}

async function tryCommand(
  host: Host,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const result = await host.run(argv, { reject: false, signal });
  if (result.exitCode === 0) return undefined;
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').at(-1) ?? '';
  return `${result.exitCode === undefined ? result.signal : `exit code ${result.exitCode}`}${said === '' ? '' : `: ${said}`}`;
}

async function tryFetch(
  { url, status, contains }: Extract<HealthCheck, { type: 'http' }>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const response = await fetch(url, { signal, redirect: 'manual' });
  return judge(response.status, await response.text(), status, contains);
}

async function tryCurl(
  host: Host,
  { url, status, contains }: Extract<HealthCheck, { type: 'http' }>,
  left: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const seconds = String(Math.max(1, Math.ceil(left / 1000)));
  const argv = [
    'curl',
    '--silent',
    '--show-error',
    '--max-time',
    seconds,
    '--write-out',
    '\n%{http_code}',
    '--',
    url,
  ];
  const result = await host.run(argv, { reject: false, signal });
  if (result.exitCode !== 0) return result.stderr.trim();
  const cut = result.stdout.lastIndexOf('\n');
  return judge(Number(result.stdout.slice(cut + 1)), result.stdout.slice(0, cut), status, contains);
}

function judge(
  found: number,
  body: string,
  status: number | undefined,
  contains: string | undefined,
): string | undefined {
  const right = status === undefined ? found >= 200 && found < 300 : found === status;
  if (!right) return `status ${found}`;
  if (contains !== undefined && !body.includes(contains))
    return `the answer does not contain ${JSON.stringify(contains)}`;
  return undefined;
}

async function tryPort(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal });
    return undefined;
  } finally {
    socket.destroy();
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
