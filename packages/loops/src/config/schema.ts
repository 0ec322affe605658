import { duration, size } from '@cutover/foundation/config-values';
import * as z from 'zod';
import { rigEventTypes } from '../events/rig-event.ts';
import { defaultOwnershipRef } from '../ownership/document.ts';
import { defaultStateDir } from './rig-places.ts';

const longestTimer = 2 ** 31 - 1;

/** A duration that is waited for: a timer of Node's that is longer ends at once. */
const wait = duration.refine((milliseconds) => milliseconds <= longestTimer, 'at most 24d');
/** A regular expression, as text. */
const pattern = z.string().refine(isPattern, 'not a regular expression of JavaScript');

const name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,40}$/,
    'a name is lower-case letters, digits and dashes (tmux rewrites the others)',
  );
const argv = z.array(z.string().min(1)).min(1);
const path = z.string().min(1);
const environment = z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string()).default({});

const restart = z
  .strictObject({
    policy: z
      .enum(['always', 'on-failure', 'never'])
      .default('always')
      .describe('when a loop that ended is started again'),
    initialDelay: wait.prefault('100ms').describe('before the first restart'),
    maxDelay: wait.prefault('1m').describe('the longest time before a restart'),
    factor: z.number().min(1).default(2).describe('how much longer each further delay is'),
    jitter: z.number().min(0).max(1).default(0.2).describe('share of the delay that is random'),
    resetAfter: wait.prefault('1m').describe('a loop that ran so long starts again with initialDelay'),
    maxRestarts: z
      .int()
      .min(1)
      .optional()
      .describe('so many without a run of resetAfter, then it is escalated'),
  })
  .prefault({})
  .describe('when a loop that ended is started again, and after how long');

const prompt = z.strictObject({
  file: path.describe('the file that holds the text'),
  deliver: z
    .enum(['paste', 'argument', 'file'])
    .optional()
    .describe(
      'typed into the terminal, as the last argument, or only named by LOOPS_PROMPT_FILE; ' +
        'default: argument for claude-code up to 8 KiB, else paste',
    ),
  secret: z.boolean().default(false).describe('it is never put on a command line'),
});

const limits = z
  .strictObject({
    memoryHigh: size.optional().describe('from here on it is slowed down (MemoryHigh of systemd)'),
    memoryMax: size.optional().describe('beyond this it is killed and started again (MemoryMax of systemd)'),
    cpuQuota: z
      .string()
      .regex(/^\d+%$/)
      .optional()
      .describe('CPU time in percent of one processor, e.g. 150% (CPUQuota of systemd)'),
  })
  .prefault({})
  .describe('what it may use, where systemd runs');

const stall = z.strictObject({
  after: wait.describe('no progress by any signal for so long is a stall'),
  nudge: z.string().optional().describe('the text of the first rung'),
  rungDelay: wait.prefault('2m').describe('between the rungs nudge, interrupt, resume, fresh, escalate'),
  ignoreOutput: z
    .array(pattern)
    .default([])
    .describe(
      'patterns in the output that are no progress, e.g. spinners; where the screen tells of progress (generic)',
    ),
});

const budget = z.strictObject({
  tokensPerDay: z
    .int()
    .min(1)
    .describe('input, cache writes and output of a day (UTC); then the loop is held until the next day'),
});

const contextHandoff = z.strictObject({
  at: z
    .int()
    .min(1)
    .default(150_000)
    .describe('tokens in the context from which on it is asked for a note, at the end of a turn'),
  note: path
    .optional()
    .describe('the file of the note; default: <stateDir>/agents/NAME/handoff.md, which no clone holds'),
  ask: z
    .string()
    .min(1)
    .default(
      'Your context is nearly full, and a new session will go on in your place. Write a handoff note for it to {note}: ' +
        'what you were doing, what is done, what comes next, and what you found out. Replace what that file holds, then end your turn.',
    )
    .describe('the question; {note} is replaced'),
  tell: z
    .string()
    .min(1)
    .default('The session before you wrote a handoff note: {note}. Read it first, then go on from there.')
    .describe('what the new session is told after its prompt; {note} is replaced'),
  patience: wait.prefault('15m').describe('how long the note may take, then the loop is held'),
});

const loop = z.strictObject({
  agent: z
    .enum(['claude-code', 'generic'])
    .default('generic')
    .describe('what the program is; claude-code is known by its hooks, transcripts and sessions'),
  command: argv.describe('argv, no shell; {session}, {plan}, {phase} and {loop} are replaced'),
  resume: argv.optional().describe('argv that goes on with {session}; default: command (generic only)'),
  cwd: path.optional().describe('where it runs; default: the clone, or the workspace'),
  clone: path.optional().describe('its git clone, held to a safe point by quiesce'),
  role: z
    .enum(['claimer', 'reviewer'])
    .optional()
    .describe('what it does in a plan phase: the claimer claims it, the reviewer answers'),
  prompt: prompt.optional().describe('what it is told when a session begins'),
  goOn: z
    .string()
    .default('You were interrupted. Look at where things stand, then go on.')
    .describe(
      'what it is told once when it goes on after a crash, a reboot, a limit or a login; empty: nothing',
    ),
  budget: budget.optional().describe('tokens that it may use (claude-code only)'),
  contextHandoff: z
    .union([z.literal(false), contextHandoff])
    .optional()
    .describe(
      'hands a session whose context fills up over to a new one by a note; false: never (claude-code only, by default on)',
    ),
  environment: environment.describe('more variables of this loop'),
  environmentFile: path.optional().describe('NAME=value lines, read at each start, never shown'),
  autostart: z.boolean().default(true).describe('wanted until it is started or stopped by hand'),
  after: z.array(name).default([]).describe('loops that must be ready before this one starts'),
  ready: z
    .strictObject({
      output: pattern.describe('pattern on the screen'),
      timeout: wait.prefault('1m').describe('how long it may take until then'),
    })
    .optional()
    .describe('how it is known to be ready (generic only); default: at once'),
  limits,
  restart,
  stall: stall.optional().describe('what is done when nothing happens any more; for every agent'),
  menu: z
    .array(pattern)
    .default([String.raw`^[\s│]*❯ \d+\. `])
    .describe(
      'patterns on the screen during which nothing is typed; default: a list with its cursor (generic only)',
    ),
  logCap: size.prefault('20MiB').describe('bytes of output kept on disk'),
});

const phases = z.strictObject({
  plans: z.array(path).min(1).describe('the plan files in order; .phase-idx counts them from 0'),
  mirror: path.optional().describe('the plain .phase-idx; the resume point when there is no state yet'),
  repository: z
    .strictObject({
      remote: z.string().describe('a remote of the clone, or a git URL'),
      branch: z.string().default('main').describe('the branch whose head is claimed'),
    })
    .optional()
    .describe('where claims and verdicts are; default: origin of the clone'),
  maxRounds: z.int().min(1).default(5).describe('claims on one plan phase before it is escalated'),
  gate: z
    .strictObject({
      commands: z.array(argv).min(1).describe('argv each; {phase} and {plan} are replaced'),
      timeout: wait.prefault('30m').describe('for each command'),
    })
    .optional()
    .describe('what a commit must pass, in a fresh checkout of it, to be claimed and advanced'),
});

const ownership = z.strictObject({
  remote: z.string().min(1).describe('the git URL of the repository that holds the ref'),
  ref: z
    .string()
    .startsWith('refs/')
    .default(defaultOwnershipRef)
    .describe('the ref that says who may run the loops'),
  owner: z.string().min(1).describe('the name under which this host holds the ownership'),
  checkEvery: wait.prefault('30s').describe('how often the owner is asked for; the lease is the ref’s'),
});

/** What a handoff is when a config says nothing of it. */
export const defaultContextHandoff: ContextHandoffFile = contextHandoff.parse({});
/** `contextHandoff` of a loop, when it is not `false`. */
export type ContextHandoffFile = z.output<typeof contextHandoff>;

/** The shape of `loops.yaml`. Its input side is published as a JSON Schema. */
export const rigFileSchema = z.strictObject({
  rig: name.describe('its name: lower-case letters, digits, dashes'),
  workspace: path.describe('the directory of the rig, relative to this file; other paths are relative to it'),
  stateDir: path.default(defaultStateDir).describe('state, history and logs'),
  runtimeDir: path.optional().describe('the sockets; default: <stateDir>/run'),
  logDir: path.optional().describe('output of the loops; default: <stateDir>/logs'),
  environment: environment.describe('variables of every loop; otherwise its environment is clean'),
  ownership: ownership
    .optional()
    .describe('the git ref that says which host may run the loops; left out: this host may'),
  phases: phases.optional().describe('the plan phases that the loops work through'),
  loops: z
    .record(name, loop)
    .refine((loops) => Object.keys(loops).length > 0, 'a rig has at least one loop')
    .describe('the loops, by name'),
  stagger: wait.prefault('0ms').describe('between two starts'),
  memoryFloor: size.prefault('0B').describe('no start while less memory is available'),
  stopGrace: wait.prefault('5s').describe('between TERM and KILL'),
  quiesce: z
    .strictObject({
      deadline: wait.prefault('60s').describe('how long a quiesce may take'),
      push: z.boolean().default(true).describe('salvage refs are pushed'),
    })
    .prefault({})
    .describe('how the rig is stopped at a safe point'),
  notify: z
    .array(
      z.strictObject({
        command: argv.describe('argv, no shell'),
        events: z
          .array(z.enum(rigEventTypes))
          .default(['escalated', 'login-expired'])
          .describe('the types of events that it gets'),
      }),
    )
    .default([])
    .describe('commands that get an event as JSON on standard input'),
  limitPatterns: z
    .array(pattern)
    .default([])
    .describe('patterns of usage limits, besides those of claude-code; generic: the only ones'),
  loginPatterns: z
    .array(pattern)
    .default([])
    .describe('patterns of expired logins, besides those of claude-code; generic: the only ones'),
  metricsFile: path.optional().describe('Prometheus text, renewed while the rig is up'),
});

/** A `loops.yaml` after its defaults, durations in milliseconds, sizes in bytes. */
export type RigFile = z.output<typeof rigFileSchema>;
/** One entry of `loops` in a `loops.yaml`. */
export type LoopFile = RigFile['loops'][string];

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'm') instanceof RegExp;
  } catch {
    // What the engine says of it is about its own syntax tree; the text is shown with its place.
    return false;
  }
}
