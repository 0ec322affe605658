import { existsSync } from 'node:fs';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { RigConfig } from '../../config/rig-config.ts';
import { agentFolder } from '../../config/rig-places.ts';
import type { KeptPlace } from '../keeping/place-keeper.ts';
import type { LoopKeeper } from '../keeping/loop-keeper.ts';
import type { AgentWatch } from './agent-watch.ts';

/** The folders that running agents use: the settings of their hooks, and where those tell. */
export function agentPlaces(config: RigConfig, keeper: LoopKeeper, agents: AgentWatch): KeptPlace[] {
  return config.loops.flatMap((loop) => {
    const { files } = adapterOf(loop);
    if (files === undefined || !keeper.runs(loop.name)) return [];
    const path = agentFolder(config, loop.name);
    return {
      path,
      isThere: () => files.paths(path).every((one) => existsSync(one)),
      restore: async () => {
        await files.restore(path);
        await agents.catchUp(loop);
      },
    };
  });
}
