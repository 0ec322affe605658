import { CommandError, CommandTimeoutError, type Host } from '@cutover/host';
import { LoopsError } from '../errors.ts';
import { git, gitLine } from '../git/git.ts';
import { gateContext, type GatePlace } from './gate-refs.ts';
import { runLimits } from '../processes/run-limits.ts';

/** The commands that a commit must pass before a plan phase can be claimed and advanced. */
export interface Gate {
  /** argv each; they run in this order, in a checkout of the commit and nothing else. */
  readonly commands: readonly (readonly string[])[];
  /** All that their environment holds. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds for each command. */
  readonly timeout: number;
}

/** What goes with a refusal of the last output. */
const shownBytes = 2000;

/**
 * Runs the gate commands on one commit, in a fresh checkout that shares nothing with the work tree, so that the same
 * commit gets the same answer for every caller.
 *
 * @throws {LoopsError} `GATE_FAILED`: a command failed or took too long; its last output is in the message.
 */
export async function runGate(host: Host, place: GatePlace, gate: Gate, sha: string): Promise<void> {
  if (gate.commands.length === 0) return;
  const context = gateContext(host, place);
  const directory = (await host.run(['mktemp', '-d'])).stdout.trim();
  const checkout = { ...context, repository: `${directory}/checkout` };
  try {
    const source = await gitLine(context, ['rev-parse', '--path-format=absolute', '--git-common-dir']);
    const clone = ['clone', '--quiet', '--shared', '--no-checkout', '--', source, checkout.repository];
    await git({ ...context, repository: directory }, clone);
    await git(checkout, ['checkout', '--quiet', '--detach', sha]);
    for (const command of gate.commands) await runCommand(host, place, gate, command, directory);
  } finally {
    await host.run(['rm', '-rf', '--', directory]);
  }
}

async function runCommand(
  host: Host,
  { phase, signal }: GatePlace,
  { environment, timeout }: Gate,
  command: readonly string[],
  directory: string,
): Promise<void> {
  const output = `${directory}/output`;
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  // However much it prints, a file takes it.
  const toFile = ['sh', '-c', 'exec "$@" >"$0" 2>&1', output];
  try {
    await host.run([...toFile, 'env', '-i', ...variables, ...command], {
      cwd: `${directory}/checkout`,
      ...runLimits(timeout, signal),
    });
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof CommandTimeoutError)) throw error;
    const how = error instanceof CommandTimeoutError ? `took more than ${timeout} ms` : howItEnded(error);
    const { stdout } = await host.run(['tail', '-c', String(shownBytes), '--', output], { reject: false });
    throw new LoopsError(
      'GATE_FAILED',
      `plan phase ${phase}: the gate command ${command.join(' ')} ${how}:\n${stdout.trimEnd()}`,
      { cause: error },
    );
  }
}

function howItEnded({ result: { exitCode, signal } }: CommandError): string {
  return exitCode === undefined ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
}
