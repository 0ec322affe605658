import type { Readable } from 'node:stream';
import type { Scope } from '../scope.ts';
import { startExec } from './exec.ts';
import type { ExecOptions, ExecResult } from './types.ts';

/** Runs a command to its end with its output collected. */
export async function runExec(
  scope: Scope,
  instance: string,
  argv: readonly string[],
  { input, ...options }: ExecOptions & { readonly input?: string | Uint8Array | undefined },
): Promise<ExecResult> {
  await using session = await startExec(scope, instance, argv, options);
  session.stdin.end(input);
  const [exitCode, stdout, stderr] = await Promise.all([
    session.exit,
    collect(session.stdout),
    collect(session.stderr),
  ]);
  return { exitCode, stdout, stderr };
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
