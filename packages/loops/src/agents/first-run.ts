import type { RigConfig } from '../config/rig-config.ts';
import { agentEnvironment } from '../supervisor/starting/loop-command.ts';
import { adapterOf } from './find-adapter.ts';

/** Answers what the agents of a rig ask at their first start; with `check` it only says what is missing. */
export async function firstRun(
  config: RigConfig,
  check: boolean,
): Promise<{ readonly missing: readonly string[]; readonly written: readonly string[] }> {
  const missing = new Set<string>();
  const written = new Set<string>();
  for (const loop of config.loops) {
    const adapter = adapterOf(loop);
    if (adapter.firstRun === undefined) continue;
    const environment = await agentEnvironment(config, loop);
    if (!check) for (const path of await adapter.firstRun.write(environment, loop)) written.add(path);
    for (const what of await adapter.firstRun.missing(environment, loop))
      missing.add(`${loop.name}: ${what}`);
  }
  return { missing: [...missing], written: [...written] };
}
