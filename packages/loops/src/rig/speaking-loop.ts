import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import { callerLoop } from './caller-loop.ts';

/**
 * The loop that a claim or verdict is of: a person may speak for any loop of that role, an agent for its own only.
 *
 * @param named the loop that the command names.
 * @throws {LoopsError} `CLAIM_REFUSED`, `VERDICT_REFUSED`: an agent speaks for another loop, or there is no such loop
 * with that role and a clone.
 */
export async function speakingLoop(
  config: RigConfig,
  role: 'claimer' | 'reviewer',
  named: string | undefined,
): Promise<LoopConfig & { readonly clone: string }> {
  const refuse = (why: string): LoopsError =>
    new LoopsError(role === 'claimer' ? 'CLAIM_REFUSED' : 'VERDICT_REFUSED', why);
  const caller = await callerLoop(config);
  const name = named ?? process.env['LOOPS_LOOP'] ?? caller;
  if (caller !== undefined && name !== caller) {
    throw refuse(`this command runs in the loop ${caller}, which cannot speak for ${name}`);
  }
  const loop = config.loops.find((one) => (name === undefined ? one.role === role : one.name === name));
  const wanted = `a loop with the role ${role} and a clone`;
  if (loop === undefined) throw refuse(`${config.rig} has no ${name ?? wanted}; name ${wanted} with --loop`);
  if (loop.role !== role) throw refuse(`${loop.name} is not a ${role}; only ${wanted} may do this`);
  const { clone } = loop;
  if (clone === undefined) throw refuse(`${loop.name} has no clone; only ${wanted} may do this`);
  return { ...loop, clone };
}

/**
 * Checks that the caller may pass a plan phase without a verdict: an agent that claims or reviews may not.
 *
 * @throws {LoopsError} `ADVANCE_REFUSED`.
 */
export async function requireOutsider(config: RigConfig): Promise<void> {
  const caller = await callerLoop(config);
  const role = config.loops.find(({ name }) => name === caller)?.role;
  if (role === undefined) return;
  throw new LoopsError(
    'ADVANCE_REFUSED',
    `the loop ${caller} is a ${role}; it cannot set the plan phase by itself`,
  );
}
