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
      name: 'clock of the old host',
      async look(signal) {
        const before = Date.now();
        const { stdout } = await old.run(['date', '+%s'], { signal });
        const skew = clockSkew(Number(stdout.trim()), before, Date.now());
        const evidence = { secondsAhead: skew };
        return Math.abs(skew) <= tolerableSkew
          ? good(evidence)
          : bad(
              `the clock of ${settings.old.name} is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} this machine's; set the wrong one (timedatectl): certificates and the times of commits and claims depend on it`,
              evidence,
            );
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
  const script = 'for path; do [ -e "$path" ] || echo "$path"; done';
  const { stdout } = await old.run(['sh', '-c', script, 'sh', ...paths], { signal });
  return stdout.split('\n').filter((path) => path !== '');
}

/** Seconds that two clocks may differ by. */
const tolerableSkew = 30;

/**
 * Whole seconds by which another clock is ahead, of what it said between two looks at ours; 0 while it may be right.
 *
 * @param before in milliseconds, as `after`.
 */
export function clockSkew(seconds: number, before: number, after: number): number {
  // It names the second that it is in.
  const [earliest, latest] = [Math.floor(before / 1000), Math.floor(after / 1000)];
  if (seconds < earliest) return seconds - earliest;
  return seconds > latest ? seconds - latest : 0;
}
