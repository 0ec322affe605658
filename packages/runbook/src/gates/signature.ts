import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Approvers } from '../engine/approvers.ts';
import type { GateAnswer } from './answer.ts';

/** What the signature of an approval is made for: one for anything else does not count here. */
const namespace = 'gate-approval@runbook';

/** What an approver signs: all that the answer is bound to, and who gives it. */
export function signedText({
  schema,
  gate,
  nonce,
  planHash,
  evidenceHash,
  decision,
  by,
  note = '',
}: GateAnswer): string {
  return `${JSON.stringify([schema, gate, nonce, planHash, evidenceHash, decision, by, note])}\n`;
}

/**
 * Signs an answer with an ssh key: a private key file, or a public one whose private half is in the agent or on a
 * security key. A passphrase, a PIN or a touch is asked for at the terminal.
 *
 * @throws {Error} `ssh-keygen` did not sign; the message is its own.
 */
export async function signAnswer(answer: GateAnswer, keyFile: string): Promise<GateAnswer> {
  const argv = ['-Y', 'sign', '-f', keyFile, '-n', namespace];
  const { code, stdout, stderr } = await sshKeygen(argv, signedText(answer));
  if (code !== 0) throw new Error(`${keyFile} did not sign: ${lastLine(stderr)}`);
  return { ...answer, signature: stdout };
}

/** Why the answer's signature does not count; `undefined`: it does. */
export async function whyNotSigned(answer: GateAnswer, approvers: Approvers): Promise<string | undefined> {
  const { by, signature } = answer;
  if (signature === undefined) return `it is not signed, and ${approvers.allowedSigners} names who signs`;
  const folder = await mkdtemp(join(tmpdir(), 'gate-signature-'));
  try {
    const file = join(folder, 'signature');
    await writeFile(file, signature, { mode: 0o600 });
    const argv = ['-Y', 'verify', '-f', approvers.allowedSigners, '-I', by, '-n', namespace, '-s', file];
    const { code, stdout, stderr } = await sshKeygen(argv, signedText(answer));
    return code === 0 ? undefined : `its signature is not ${by}'s: ${lastLine(stderr || stdout)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sshKeygen(
  argv: readonly string[],
  input: string,
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  const child = spawn('ssh-keygen', argv, { stdio: ['pipe', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  // It may end before it has read: then its exit code tells why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = await once(child, 'close').catch((cause: unknown) => {
    throw new Error('ssh-keygen (package openssh-client) cannot be run', { cause });
  });
  return { code, ...texts };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
