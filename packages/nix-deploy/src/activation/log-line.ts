/**
 * What the supervisor says in its log, and what those say that start it and show its log; everything else there is the output
 * of switch-to-configuration.
 */
export type SupervisorEvent =
  /** Nothing was started, or there is no such deploy. */
  | { readonly type: 'refused'; readonly reason: string }
  /** Nothing was started: these units of the connection would be stopped. */
  | { readonly type: 'strands'; readonly units: readonly string[] }
  | { readonly type: 'armed'; readonly previous: string | undefined }
  | { readonly type: 'locked'; readonly holder: string }
  /** Another switch-to-configuration held its lock: nothing was done. */
  | { readonly type: 'busy'; readonly holder: string }
  | { readonly type: 'activating'; readonly system: string }
  /** Units that failed now and had not failed before. */
  | { readonly type: 'units'; readonly failed: readonly string[] }
  | { readonly type: 'activated'; readonly exitCode: number }
  | { readonly type: 'awaiting'; readonly seconds: number }
  | { readonly type: 'decided'; readonly decision: 'confirmed' | 'revoked' | 'expired' }
  | { readonly type: 'profile'; readonly generation: number }
  | { readonly type: 'boot-loader'; readonly exitCode: number }
  | { readonly type: 'restoring'; readonly system: string }
  | { readonly type: 'restored'; readonly exitCode: number }
  /** Another program has activated this system meanwhile, and it was left as it is. */
  | { readonly type: 'superseded'; readonly system: string }
  | { readonly type: 'finished'; readonly outcome: DeployOutcome }
  /** The supervisor is no longer there and left no end: the machine went down under it. */
  | { readonly type: 'gone' };

/**
 * How the supervisor left the target. `untouched`: it stopped before anything was changed. `nothing-before`: no system ran
 * before that could be activated again, so the new one still runs.
 */
export type DeployOutcome = (typeof outcomes)[number];

const outcomes = ['committed', 'restored', 'restore-failed', 'untouched', 'nothing-before'] as const;

export type LogLine =
  | { readonly type: 'output'; readonly text: string }
  | { readonly type: 'supervisor'; readonly event: SupervisorEvent };

/** Reads one line of the log of deploy `id`. A line of another deploy, or of none, is output. */
export function parseLogLine(line: string, id: string): LogLine {
  const prefix = `@nix-deploy ${id} `;
  const event = line.startsWith(prefix) ? parseEvent(line.slice(prefix.length)) : undefined;
  return event === undefined ? { type: 'output', text: line } : { type: 'supervisor', event };
}

function parseEvent(said: string): SupervisorEvent | undefined {
  const space = said.indexOf(' ');
  const word = space === -1 ? said : said.slice(0, space);
  const rest = space === -1 ? '' : said.slice(space + 1).trim();
  switch (word) {
    case 'refused':
      return { type: word, reason: rest };
    case 'strands':
      return { type: word, units: rest.split(' ') };
    case 'armed':
      return { type: word, previous: rest === '' ? undefined : rest };
    case 'locked':
      return { type: word, holder: rest === '' ? 'an unnamed deploy' : rest };
    case 'busy':
      return { type: word, holder: `another switch-to-configuration${rest === '' ? '' : ` (${rest})`}` };
    case 'superseded':
    case 'activating':
    case 'restoring':
      return { type: word, system: rest };
    case 'units':
      return { type: word, failed: rest === '' ? [] : rest.split(' ') };
    case 'activated':
    case 'boot-loader':
    case 'restored':
      return { type: word, exitCode: Number(rest) };
    case 'awaiting':
      return { type: word, seconds: Number(rest) };
    case 'profile':
      return { type: word, generation: Number(rest) };
    case 'decided':
      return rest === 'confirmed' || rest === 'revoked' || rest === 'expired'
        ? { type: word, decision: rest }
        : undefined;
    case 'finished': {
      const outcome = outcomes.find((one) => one === rest);
      return outcome && { type: word, outcome };
    }
    case 'gone':
      return { type: word };
    default:
      return undefined;
  }
}
