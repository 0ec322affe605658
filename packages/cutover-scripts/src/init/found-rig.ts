import { posix } from 'node:path';
import type { OldRigFacts, SeenClone, SeenSession } from './old-rig-facts.ts';

/** A loop of the old rig, as it will be one of the new rig. */
export interface FoundLoop {
  /** Its name in `loops.yaml`. */
  readonly name: string;
  /** Its session on the old host. */
  readonly session: string;
  readonly agent: 'claude-code' | 'generic';
  readonly command: readonly string[];
  /** What its command line on the old host holds. */
  readonly process: string;
  readonly clone: SeenClone | undefined;
  readonly prompt: string | undefined;
  readonly role: 'claimer' | 'reviewer' | undefined;
  /** It supervises the others, and is started last. */
  readonly orchestrator: boolean;
}

/** The loops of a rig, from what its sessions run. A session in which only a shell was found is none. */
export function findLoops(
  rig: string,
  workspace: string,
  sessions: readonly SeenSession[],
  facts: OldRigFacts,
): FoundLoop[] {
  const first = new Map(sessions.toReversed().map((seen) => [seen.session, seen]));
  const names = new Set<string>();
  return sessions
    .filter((seen) => first.get(seen.session) === seen && seen.argv.length > 0)
    .map(({ session, path, argv }) => {
      const name = unusedName(loopName(session, rig), names);
      const agent = argv.slice(0, 2).some((word) => /(?:^|\/)claude(?:\.[cm]?js)?$/.test(word))
        ? 'claude-code'
        : 'generic';
      return {
        name,
        session,
        agent,
        command: agent === 'claude-code' ? withoutSession(argv) : argv,
        process: stableText(argv),
        clone: facts.clones.find((clone) => clone.path !== workspace && isBelow(path, clone.path)),
        prompt: facts.prompts.find((file) => posix.basename(file, '.md') === name),
        role: roleOf(name),
        orchestrator: name.includes('orchestrator'),
      };
    });
}

/** Whether `path` is `folder` or below it. */
export function isBelow(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder}/`);
}

/** The session's name without that of the rig, as loops are named. */
function loopName(session: string, rig: string): string {
  const own = session.toLowerCase().replace(new RegExp(`^${rig}[-_]`), '');
  return own.replaceAll(/[^a-z0-9-]+/g, '-').replace(/^-+/, '') || 'loop';
}

/** The name, with a number where another loop has it. */
function unusedName(name: string, used: Set<string>): string {
  let unused = name;
  for (let count = 2; used.has(unused); count += 1) unused = `${name}-${count}`;
  used.add(unused);
  return unused;
}

/** Who claims and who reviews, where the loops are named so. */
function roleOf(name: string): FoundLoop['role'] {
  if (/builder|claimer/.test(name)) return 'claimer';
  return /adversary|review/.test(name) ? 'reviewer' : undefined;
}

/** Claude Code's command line without its session and its first prompt: both are given to it at each start. */
function withoutSession(argv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (/^(?:--resume|-r|--session-id)$/.test(word)) index += 1;
    else if (!/^(?:--continue|-c|--resume=.*|--session-id=.*)$/.test(word) && !/\s/.test(word))
      kept.push(word);
  }
  return kept;
}

/** The beginning of a command line that is the same at each start: no session, no text of a prompt. */
function stableText(argv: readonly string[]): string {
  const changing = argv.findIndex((word) =>
    /[\n\t]|^--(?:resume|session-id)|[0-9a-f]{8}-[0-9a-f]{4}-/.test(word),
  );
  return argv.slice(0, changing === -1 ? argv.length : Math.max(1, changing)).join(' ');
}
