import { keysAtForge } from '../old-rig/host-keys.ts';
import { noteOldKeys } from '../old-rig/known-keys.ts';
import { oldHome } from '../old-rig/old-places.ts';
import { newPath, oldClones } from '../rig/rig.ts';
import { seeOldRig } from '../old-rig/see-old-rig.ts';
import { wantedClones } from '../carry/working-clones.ts';
import { whyGitFailed } from '../world/git-failure.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/**
 * The three config files are held against each other, and against what the old host and the forge say: what they
 * contradict each other in would come out after the old rig was stopped.
 */
export function agreementChecks(world: World): Check[] {
  const { settings, old, oldRig, forge } = world;
  return [
    {
      name: 'loops.yaml agrees',
      async look() {
        const problems = rigProblems(world);
        return problems.length === 0
          ? good({ rig: world.rig.rig, owner: settings.name })
          : bad(problems.join('; '), { problems });
      },
    },
    {
      name: 'secrets.yaml agrees',
      async look() {
        const wrong = world.secrets.secrets.filter(({ source }) => source.host !== settings.old.name);
        return wrong.length === 0
          ? good({ secrets: world.secrets.secrets.length })
          : bad(
              `${wrong.map(({ name }) => name).join(', ')}: source.host must be ${settings.old.name}, as old.name in cutover.yaml`,
            );
      },
    },
    {
      name: 'old rig runs',
      async look(signal) {
        const { down, unmatched, processes } = await seeOldRig(world, signal);
        const evidence = { down, processes: processes.length, unmatched };
        // A rig that is down altogether is shown at the gate, where a person confirms it.
        return down || unmatched.length === 0
          ? good(evidence)
          : bad(
              `nothing on ${settings.old.name} matches ${unmatched.join(', ')}: what never matched proves nothing when it is gone`,
              evidence,
            );
      },
    },
    {
      name: 'clones of the old rig',
      async look(signal) {
        const remotes = await Promise.all(
          oldClones(settings).map(async (clone) => {
            const { stdout } = await oldRig.run(['git', '-C', clone, 'remote'], { reject: false, signal });
            return { clone, remotes: stdout.trim() };
          }),
        );
        const without = remotes.filter((one) => one.remotes === '').map(({ clone }) => clone);
        return without.length === 0
          ? good({ clones: remotes.length })
          : bad(`${without.join(', ')} on ${settings.old.name} has no remote, so its work cannot move`);
      },
    },
    {
      name: 'fence',
      async look(signal) {
        const keys = await keysAtForge(world, old, await oldHome(world, signal), signal);
        await noteOldKeys(world, keys);
        const shared = (await secretKeys(world, signal)).filter((one) =>
          keys.some(({ fingerprint }) => fingerprint === one.fingerprint),
        );
        if (shared.length > 0)
          return bad(
            `${shared.map(({ name }) => name).join(', ')} in secrets.yaml is the key that ${settings.old.name} has at the forge: ` +
              'with it on both hosts neither can be fenced; leave it out, each host gets its own',
          );
        return good({
          keys: keys.map(({ name, fingerprint }) => `${name} ${fingerprint}`),
          ...(keys.length === 0
            ? { unfenced: `${settings.old.name} has no key at the forge to take away` }
            : {}),
        });
      },
    },
    {
      name: 'ownership repository',
      async look(signal) {
        const url = forge.url(settings.ownership.repository);
        const asked = await world.gitHere.run(['git', 'ls-remote', '--', url, settings.ownership.ref], {
          reject: false,
          signal,
        });
        return asked.exitCode === 0
          ? good({ url, ref: settings.ownership.ref })
          : bad(`${url} must exist before a run, and be writable from here: ${whyGitFailed(asked.stderr)}`);
      },
    },
  ];
}

/** Where `loops.yaml` says something else than `cutover.yaml`. */
function rigProblems(world: World): string[] {
  const { settings, rig, forge } = world;
  const { ownership, phases, workspace, loops } = rig;
  const problems: string[] = [];
  const wants = (what: string, is: string | undefined, must: string): void => {
    if (is !== must) problems.push(`${what} is ${is ?? 'not there'}, and must be ${must}`);
  };
  wants('loops.yaml: ownership.owner', ownership?.owner, settings.name);
  wants('loops.yaml: ownership.remote', ownership?.remote, forge.url(settings.ownership.repository));
  if (ownership !== undefined) wants('loops.yaml: ownership.ref', ownership.ref, settings.ownership.ref);
  wants('loops.yaml: workspace', workspace, settings.new.workspace);
  const { resumePoint } = settings.old;
  if (resumePoint !== undefined)
    wants('loops.yaml: phases.mirror', phases?.mirror, newPath(settings, resumePoint));
  const session = settings.orchestrator.loop;
  if (session !== undefined && !loops.some(({ name }) => name === session))
    problems.push(`loops.yaml has no loop ${session}, which orchestrator.loop names`);
  problems.push(...handoffProblems(world));
  const clones = new Set(wantedClones(world).map(({ path }) => path));
  for (const { name, clone } of loops) {
    if (clone !== undefined && !clones.has(clone))
      problems.push(
        `loops.yaml: the clone of ${name}, ${clone}, is not among the repositories of cutover.yaml`,
      );
  }
  return problems;
}

/** A handoff that can never be seen would come out hours after the move. */
function handoffProblems(world: World): string[] {
  const { settings, rig, forge } = world;
  const { handoff, old } = settings;
  if (handoff === undefined) return [];
  const url = forge.url(handoff.repository);
  const problems = wantedClones(world).some((clone) => clone.url === url)
    ? []
    : [`handoff.repository: no clone of ${handoff.repository} is among the repositories of cutover.yaml`];
  if (handoff.proof === 'verdict' && (rig.phases === undefined || old.resumePoint === undefined))
    problems.push(
      'handoff.proof is verdict, and claims are counted by plan phases: it needs phases in loops.yaml and old.resumePoint in cutover.yaml, or say proof: commit',
    );
  return problems;
}

/** The fingerprints of the private keys that move to the new host. */
async function secretKeys(
  { secrets, old }: World,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly fingerprint: string }[]> {
  const keys = secrets.secrets.filter(({ kind }) => kind === 'private-key');
  const found = await Promise.all(
    keys.map(async ({ name, source }) => {
      const { stdout } = await old.run(['ssh-keygen', '-l', '-f', source.path], { reject: false, signal });
      const [, fingerprint] = /\s(SHA256:\S+)/.exec(stdout) ?? [];
      return fingerprint === undefined ? [] : [{ name, fingerprint }];
    }),
  );
  return found.flat();
}
