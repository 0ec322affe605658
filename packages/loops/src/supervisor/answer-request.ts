import { realpath } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import { loadRigConfig } from '../config/load-rig-config.ts';
import type { RequestMessage, Requests } from '../control/requests.ts';
import { ConfigError, RequestRefusedError } from '../errors.ts';
import type { Supervisor } from './supervisor.ts';

/** How one request is answered: its parameters are checked first. */
interface Answer<Method extends keyof Requests> {
  readonly params: z.ZodType<Requests[Method]['params']>;
  readonly answer: (
    supervisor: Supervisor,
    params: Requests[Method]['params'],
  ) => Promise<Requests[Method]['result']> | Requests[Method]['result'];
}

/** How long a grant may be expected, in milliseconds: the forge is asked several times a second meanwhile. */
const longestExpectation = 600_000;

const nothing = z.object({}).default({});
const names = z.object({ names: z.array(z.string()).optional() });

const answers: { readonly [Method in keyof Requests]: Answer<Method> } = {
  status: { params: nothing, answer: (supervisor) => supervisor.status() },
  config: { params: nothing, answer: (supervisor) => supervisor.config },
  reload: {
    params: z.object({ path: z.string(), dryRun: z.boolean().optional() }),
    answer: async (supervisor, { path, dryRun }) => {
      await requireSameFile(supervisor, path);
      return supervisor.reload(dryRun);
    },
  },
  start: {
    params: names,
    answer: async (supervisor, params) => {
      await supervisor.release();
      await supervisor.want(params.names);
      return supervisor.status();
    },
  },
  stop: {
    params: names,
    answer: async (supervisor, params) => {
      await supervisor.unwant(params.names);
      return supervisor.status();
    },
  },
  restart: {
    params: names.extend({ fresh: z.boolean().optional() }),
    answer: async (supervisor, params) => {
      await supervisor.restart(params.names, params.fresh);
      return supervisor.status();
    },
  },
  prompt: {
    params: z.object({ name: z.string(), text: z.base64(), id: z.string() }),
    answer: async (supervisor, { name, text, id }) => ({
      delivered: await supervisor.prompt(name, Buffer.from(text, 'base64'), id),
    }),
  },
  'phase.advance': {
    params: z.object({ from: z.int(), reason: z.string(), sha: z.string().optional() }),
    answer: async (supervisor, { from, reason, sha }) => ({
      phase: await supervisor.advance(from, reason, sha),
    }),
  },
  'phase.set': {
    params: z.object({ index: z.int(), reason: z.string() }),
    answer: async (supervisor, { index, reason }) => {
      await supervisor.setPhase(index, reason);
      return { phase: index };
    },
  },
  handoff: {
    params: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('claimed'),
        loop: z.string(),
        phase: z.int(),
        sha: z.string(),
        round: z.int(),
      }),
      z.object({
        type: z.literal('verdict'),
        loop: z.string(),
        phase: z.int(),
        sha: z.string(),
        verdict: z.enum(['pass', 'fail']),
        note: z.string(),
      }),
      z.object({ type: z.literal('escalated'), loop: z.string(), detail: z.string() }),
    ]),
    answer: async (supervisor, handoff) => {
      await supervisor.noteHandoff(handoff);
      return {};
    },
  },
  hold: {
    params: z.object({ keep: z.boolean() }),
    answer: async (supervisor, { keep }) => {
      await supervisor.holdStill(keep);
      return supervisor.status();
    },
  },
  ownership: {
    params: z.object({ expectMs: z.number().min(0).max(longestExpectation).optional() }),
    answer: async (supervisor, { expectMs }) => {
      await supervisor.confirmOwnership(expectMs);
      return supervisor.status();
    },
  },
  release: {
    params: nothing,
    answer: async (supervisor) => {
      await supervisor.release();
      return supervisor.status();
    },
  },
  'stop-all': {
    params: z.object({ reason: z.string(), grace: z.number().optional() }),
    answer: async (supervisor, { reason, grace }) => {
      // Who asks for this, a quiesce, keeps what is not safe itself.
      await supervisor.stopAll(reason, { grace, keep: false });
      return supervisor.status();
    },
  },
  end: {
    params: z.object({ reason: z.string(), stop: z.boolean() }),
    answer: async (supervisor, { reason, stop }) => {
      await supervisor.end(reason, stop);
      return {};
    },
  },
};

/** What the supervisor does for the commands, by the name of the request. */
export async function answerRequest(
  supervisor: Supervisor,
  { method, params, config }: RequestMessage,
  signal: AbortSignal,
): Promise<unknown> {
  if (config !== undefined && config !== supervisor.config.path) await refuseOtherRig(supervisor, config);
  if (method === 'watch') return supervisor.watch(signal);
  if (method === 'events') return supervisor.events.stream(signal);
  if (isMethod(method)) return answered(method, supervisor, params);
  throw new RequestRefusedError('REQUEST_REFUSED', `there is no request ${method}`);
}

async function answered<Method extends keyof Requests>(
  method: Method,
  supervisor: Supervisor,
  params: unknown,
): Promise<Requests[Method]['result']> {
  const { params: schema, answer } = answers[method];
  const parsed = schema.safeParse(params);
  if (parsed.success) return answer(supervisor, parsed.data);
  throw new RequestRefusedError('REQUEST_REFUSED', `${method}: ${z.prettifyError(parsed.error)}`);
}

function isMethod(method: string): method is keyof Requests {
  return Object.hasOwn(answers, method);
}

/** Two rigs in one workspace would share the socket; a config that cannot be read says nothing of its rig. */
async function refuseOtherRig({ config: own }: Supervisor, path: string): Promise<void> {
  const rig = await rigOf(path);
  if (rig === undefined || rig === own.rig) return;
  throw new RequestRefusedError(
    'RIG_MISMATCH',
    `the supervisor here is of the rig ${own.rig} (${own.path}); give ${rig} a stateDir of its own in ${path}`,
  );
}

/** A reload reads the file that the supervisor was started with, and no other. */
async function requireSameFile({ config: { path } }: Supervisor, meant: string): Promise<void> {
  if (path === meant) return;
  const [own, other] = await Promise.all([path, meant].map((one) => unlessAbsent(realpath(one))));
  if (own !== undefined && own === other) return;
  throw new RequestRefusedError(
    'RELOAD_REFUSED',
    `the supervisor was started with ${path}, not with ${meant}; nothing was changed`,
  );
}

async function rigOf(path: string): Promise<string | undefined> {
  try {
    return (await loadRigConfig(path)).rig;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
