import type { Host } from '../host.ts';
import { failOnceLost } from './lost-host.ts';

/** What the suite takes of vitest, so that this package does not depend on it at run time. */
export type ContractRunner = Pick<
  typeof import('vitest'),
  'afterAll' | 'afterEach' | 'beforeAll' | 'beforeEach' | 'describe' | 'expect' | 'it'
>;

/**
 * A part of the suite: `commands`, `many` of them at once, `input`, `endings` (exit codes, signals, timeouts), `streams`,
 * `files`.
 */
export type ContractPart = 'commands' | 'many' | 'input' | 'endings' | 'streams' | 'files';

/** The host that `hostContract()` tests, and what its transport cannot tell. */
export interface ContractOptions {
  /** The transport's name, for the report. */
  readonly name: string;
  /** Makes the host under test; the suite disposes of it. */
  open(): Promise<Host>;
  /** The commands run as root, so that owners can be tested. */
  readonly root: boolean;
  /**
   * `false`: the transport reports a death by signal n as exit code 128 + n, as shells do, and so cannot tell the two
   * apart. Default `true`.
   */
  readonly exactSignals?: boolean | undefined;
  /**
   * `false`: the transport cannot tell a death by a real-time signal from an exit code 0, as Node cannot of its own children.
   * Default `true`.
   */
  readonly realTimeSignals?: boolean | undefined;
  /** Which parts to run; default all. */
  readonly parts?: readonly ContractPart[] | undefined;
  /** Full counts instead of small ones. */
  readonly soak?: boolean | undefined;
}

/** Milliseconds that a test of the suite may take: none needs more than a few seconds. */
export function testLimit({ soak = false }: { readonly soak?: boolean | undefined }): number {
  return soak ? 600_000 : 30_000;
}

/** A host with a directory of its own on it, which is removed with it. */
export interface Fixture {
  readonly host: Host;
  readonly directory: string;
}

export function useFixture(runner: ContractRunner, options: ContractOptions): Fixture {
  const { afterAll, beforeAll } = runner;
  let host: Host | undefined;
  let directory: string | undefined;
  beforeAll(async () => {
    host = await options.open();
    directory = (await host.run(['mktemp', '-d', '/tmp/host-contract-XXXXXX'])).stdout.trim();
  }, testLimit(options));
  failOnceLost(runner, () => host);
  afterAll(async () => {
    if (directory !== undefined) await host?.run(['rm', '-rf', '--', directory]);
    await host?.[Symbol.asyncDispose]();
  });
  return {
    get host() {
      if (host === undefined) throw new Error('the host is not open');
      return host;
    },
    get directory() {
      if (directory === undefined) throw new Error('the directory is not made');
      return directory;
    },
  };
}

/** A number of seconds to sleep for that no other command line has. */
export function uniqueSleep(): string {
  return `${1000 + Math.floor(Math.random() * 1000)}.${Math.floor(Math.random() * 1e9)}`;
}

/** The processes on the host whose command line contains `text`; it is looked for without being in one itself. */
export async function processesWith(host: Host, text: string): Promise<string[]> {
  const find = 'grep -lsaF -f - /proc/[0-9]*/cmdline || true';
  const { stdout } = await host.run(['sh', '-c', find], { input: text });
  return stdout.split('\n').filter(Boolean);
}

/**
 * Waits until `check` holds. Its deadline is below that of a test: a runner that gives a test up does not end it, and what
 * still asks a host would go on beside the tests that follow.
 */
export async function until(check: () => Promise<boolean>, limit = 20_000): Promise<void> {
  const startedAt = performance.now();
  while (!(await check())) {
    if (performance.now() - startedAt > limit) throw new Error(`it did not come true within ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What `promise` rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not reject');
}
