import type { RigConfig } from '../config/rig-config.ts';
import { agentEnvironment } from '../supervisor/starting/loop-command.ts';
import type { LoginState } from './agent-adapter.ts';
import { adapterOf } from './find-adapter.ts';

/** The login of the loops that share it. */
export interface RigLogin extends LoginState {
  readonly loops: readonly string[];
}

/** Asks once for each login that loops of a rig have: those with one program and one environment share theirs. */
export async function loginStates(config: RigConfig, signal?: AbortSignal): Promise<RigLogin[]> {
  const logins = new Map<string, { readonly loops: string[]; readonly ask: () => Promise<LoginState> }>();
  for (const loop of config.loops) {
    const { login } = adapterOf(loop);
    if (login === undefined) continue;
    const environment = await agentEnvironment(config, loop);
    const program = login.programOf(loop.command);
    const key = JSON.stringify([program, environment]);
    const known = logins.get(key);
    if (known !== undefined) known.loops.push(loop.name);
    else {
      const ask = (): Promise<LoginState> => login.probe({ program, environment, cwd: loop.cwd, signal });
      logins.set(key, { loops: [loop.name], ask });
    }
  }
  const states: RigLogin[] = [];
  // One after the other: each is a whole agent for a moment.
  for (const { loops, ask } of logins.values()) states.push({ loops, ...(await ask()) });
  return states;
}
