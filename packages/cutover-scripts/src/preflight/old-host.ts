import { on } from '@cutover/host/zx';
import { oldClones, oldPath } from '../rig/rig.ts';
import { oldResumePoint } from '../carry/resume-point.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** The old host answers, is the right machine, and has the rig and its secrets where the config says. */
export function oldHostChecks(world: World): Check[] {
  const { old, settings, secrets } = world;
  return [
    {
      name: 'old host',
      async look(signal) {
        const hostname = (await old.run(['uname', '-n'], { signal })).stdout.trim();
        const wanted = settings.old.hostname ?? hostname;
        return hostname === wanted
          ? good({ hostname })
          : bad(`${settings.old.ssh.host} calls itself ${hostname}, not ${wanted}; it is another machine`, {
              hostname,
            });
      },
    },
    {
      name: 'old rig',
      async look(signal) {
        const paths = [settings.old.workspace, ...oldClones(settings).map((clone) => `${clone}/.git`)];
        if (settings.old.references !== undefined) paths.push(oldPath(settings, settings.old.references));
        const missing = await missingPaths(world, paths, signal);
        if (missing.length > 0)
          return bad(`${settings.old.name} lacks ${missing.join(', ')}; fix the paths in the config`);
        const { name, resumePoint, clones } = settings.old;
        if (resumePoint === undefined) return good({ planPhase: null, clones: clones.length });
        const index = await oldResumePoint(world, signal);
        return index === undefined
          ? bad(`${name} has no resume point at ${oldPath(settings, resumePoint)}`)
          : good({ planPhase: index, clones: clones.length });
      },
    },
    {
      name: 'secrets on the old host',
      async look(signal) {
        const paths = secrets.secrets.map(({ source }) => source.path);
        const missing = await missingPaths(world, paths, signal);
        return missing.length === 0
          ? good({ secrets: paths.length })
          : bad(`${settings.old.name} lacks ${missing.join(', ')}, which secrets.yaml names`);
      },
    },
  ];
}

async function missingPaths(
  { old }: World,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const pi = on(old)({ signal });
  return await pi`for path in ${paths}; do [ -e "$path" ] || echo "$path"; done`.lines();
}
