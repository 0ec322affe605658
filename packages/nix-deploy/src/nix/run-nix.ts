import { createInterface } from 'node:readline';

import type { Host } from '@cutover/host';

import { NixError } from '../errors.ts';
import { activities, parseLogEvent, results } from './log-event.ts';
import { createProgressMeter, type NixProgress, storeName } from './progress.ts';

/** What a command of nix says while it runs, read from its `internal-json` log. */
export type NixEvent =
  | { readonly type: 'progress'; readonly progress: NixProgress }
  /** A line of a builder, or a message of nix. */
  | { readonly type: 'nix-log'; readonly derivation: string | undefined; readonly line: string };

export interface RunNixOptions {
  readonly step: 'evaluate' | 'build' | 'copy';
  readonly onEvent?: ((event: NixEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeout?: number | undefined;
  /** Milliseconds between two `progress` events at least. Default 100. */
  readonly interval?: number | undefined;
}

const keptLines = 40;

const realisations: ReadonlySet<number> = new Set([activities.realise, activities.builds, activities.build]);

/**
 * Runs a command of nix that logs internal-json, and returns what it wrote on stdout.
 *
 * @throws {NixError} it failed; with the last lines of the derivation that did. A build that failed before anything was
 * begun to be built is one of the step `evaluate`.
 */
export async function runNix(
  host: Host,
  argv: readonly string[],
  { step, onEvent, signal, timeout, interval = 100 }: RunNixOptions,
): Promise<string> {
  const meter = createProgressMeter();
  /** The last lines, by derivation; under '' those of nix itself. */
  const tails = new Map<string, string[]>();
  let failing: string | undefined;
  let shown = Number.NEGATIVE_INFINITY;
  let quiet = true;
  let realising = false;
  let complained = false;
  const keep = (derivation: string | undefined, line: string): void => {
    const tail = tails.get(derivation ?? '') ?? [];
    tail.push(line);
    if (tail.length > keptLines) tail.shift();
    tails.set(derivation ?? '', tail);
    onEvent?.({ type: 'nix-log', derivation, line });
  };

  await using stream = host.stream(argv, {
    signal,
    timeout,
  });
  stream.stdin.end();
  const output = text(stream.stdout);
  // A lost connection fails both streams; it is told once, where the log is read.
  output.catch(() => undefined);
  const lines = createInterface({ input: stream.stderr, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    const event = parseLogEvent(line);
    if (
      event.action === 'result' &&
      (event.result === results.logLine || event.result === results.postBuildLine)
    ) {
      keep(meter.derivationOf(event.id), String(event.fields[0] ?? ''));
    } else if (event.action === 'raw') {
      keep(undefined, event.text);
    } else if (event.action === 'msg' && event.level <= 1) {
      failing ??= /builder for '([^']+\.drv)'|[Cc]annot build '([^']+\.drv)'/
        .exec(event.text)
        ?.slice(1)
        .find(Boolean);
      for (const part of event.text.split('\n')) keep(undefined, part);
    }
    if (event.action === 'start' && realisations.has(event.activity)) realising = true;
    if (event.action === 'msg' && event.level === 0) complained = true;
    meter.push(event);
    if (performance.now() - shown >= interval) {
      shown = performance.now();
      onEvent?.({ type: 'progress', progress: meter.snapshot() });
      quiet = false;
    }
  }
  const [{ exitCode, signal: ended }, stdout] = await Promise.all([stream.exit, output]);
  if (!quiet) onEvent?.({ type: 'progress', progress: meter.snapshot() });
  if (exitCode === 0) return stdout;
  const lastLines = (failing === undefined ? undefined : tails.get(failing)) ?? tails.get('') ?? [];
  // Nix evaluates first, and begins nothing before that went well.
  throw new NixError(step === 'build' && complained && !realising ? 'evaluate' : step, host.name, {
    exitCode: ended === undefined ? exitCode : undefined,
    derivation: failing === undefined ? undefined : storeName(failing),
    lastLines: lastLines.slice(-20),
  });
}

async function text(readable: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readable) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
