import { posix } from 'node:path';
import type { FoundLoop } from './found-rig.ts';

/** What `loops.yaml` is made from. */
export interface LoopsParts {
  readonly rig: string;
  readonly workspace: string;
  /** The name of the new host, which will own the loops. */
  readonly owner: string;
  /** The git URL of the repository of the ownership and of the plan phases. */
  readonly remote: string;
  readonly loops: readonly FoundLoop[];
  readonly plans: readonly string[];
  readonly resumePoint: string | undefined;
}

/** What `loops.yaml` says. */
export function loopsContent(parts: LoopsParts): object {
  const { rig, workspace, owner, resumePoint, plans, loops } = parts;
  const below = (path: string): string => posix.relative(workspace, path);
  const phases =
    resumePoint === undefined || plans.length === 0
      ? undefined
      : {
          plans: sortPlans(plans).map(below),
          mirror: below(resumePoint),
          repository: { remote: parts.remote },
        };
  return {
    rig,
    workspace,
    runtimeDir: `/run/loops-${rig}`,
    environment: { PATH: '/run/wrappers/bin:/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin' },
    ownership: { remote: parts.remote, owner },
    phases,
    loops: Object.fromEntries(
      loops.map((loop) => [loop.name, loopContent(loop, below, phases !== undefined)]),
    ),
  };
}

function loopContent(
  { agent, command, clone, prompt, role, orchestrator }: FoundLoop,
  below: (path: string) => string,
  phased: boolean,
): object {
  return {
    agent: agent === 'generic' ? undefined : agent,
    command,
    clone: clone === undefined ? undefined : below(clone.path),
    role: phased ? role : undefined,
    // A generic agent may read its prompt by itself, as it did on the old host.
    prompt: agent === 'generic' || prompt === undefined ? undefined : { file: below(prompt) },
    environment: clone === undefined ? undefined : authorOf(clone),
    autostart: orchestrator ? false : undefined,
    // Only where progress is known by more than the screen.
    stall: agent === 'claude-code' && !orchestrator ? { after: '20m' } : undefined,
  };
}

/** Who commits: fresh clones on the new host have no identity of their own. */
function authorOf({ name, email }: { readonly name: string; readonly email: string }): object | undefined {
  if (name === '' || email === '') return undefined;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}

/** In the order of the numbers in their names: plan-2 before plan-10. */
function sortPlans(plans: readonly string[]): string[] {
  return plans.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
