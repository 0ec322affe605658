import { sshHost } from '@cutover/host';
import type { Answers } from '@cutover/runbook';
import { answerOf } from './answers.ts';
import type { ForgeAnswer } from './forge-answer.ts';

/** The fingerprints of the keys that the forge lets in, or why they are not known. */
export async function forgeKeysOf(
  forge: ForgeAnswer,
  answers: Answers,
  hostKeys: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly fingerprints: readonly string[] } | { readonly problem: string }> {
  if (forge.type !== 'ssh') return { problem: 'init does not ask it; cutover doctor compares the keys' };
  const { host, port, user } = forge.ssh;
  if (hostKeys.length === 0) return { problem: `its host key is not known` };
  const privateKeyFile = answerOf(answers, 'forge-key');
  try {
    await using server = sshHost({ name: host, host, port, user, privateKeyFile, hostKeys });
    // The default of forge.listKeys.
    const { stdout } = await server.run(['keys'], { signal, timeout: 20_000 });
    return { fingerprints: stdout.match(/SHA256:[A-Za-z0-9+/]+/g) ?? [] };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
