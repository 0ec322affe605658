import * as z from 'zod';
import type { ControlRequest } from '../control/control-server.ts';
import { RequestRefusedError } from '../errors.ts';
import type { Supervisor } from './supervisor.ts';

const names = z.object({ names: z.array(z.string()), fresh: z.boolean().default(false) });
const prompt = z.object({ name: z.string(), text: z.base64(), id: z.string() });
const advance = z.object({ from: z.int(), reason: z.string(), sha: z.string().exactOptional() });
const setPhase = z.object({ index: z.int(), reason: z.string() });
const hold = z.object({ keep: z.boolean() });
const stop = z.object({ reason: z.string() });
const handoff = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('claimed'),
    loop: z.string(),
    phase: z.int(),
    sha: z.string(),
    round: z.int(),
  }),
  z.object({
    event: z.literal('verdict'),
    loop: z.string(),
    phase: z.int(),
    sha: z.string(),
    verdict: z.enum(['pass', 'fail']),
    note: z.string(),
  }),
  z.object({ event: z.literal('escalated'), loop: z.string(), detail: z.string() }),
]);
const end = z.object({ reason: z.string(), stop: z.boolean() });

/** What the supervisor does for the commands, by the name of the request. */
export async function answerRequest(
  supervisor: Supervisor,
  request: ControlRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const { method, params } = request;
  switch (method) {
    case 'status':
      return supervisor.status();
    case 'watch':
      return supervisor.watch(signal);
    case 'events':
      return supervisor.events.stream(signal);
    case 'start':
      await supervisor.release();
      await supervisor.want(names.parse(params).names);
      return supervisor.status();
    case 'stop':
      await supervisor.unwant(names.parse(params).names);
      return supervisor.status();
    case 'restart': {
      const { names: loops, fresh } = names.parse(params);
      await supervisor.restart(loops, fresh);
      return supervisor.status();
    }
    case 'prompt': {
      const { name, text, id } = prompt.parse(params);
      return { delivered: await supervisor.prompt(name, Buffer.from(text, 'base64'), id) };
    }
    case 'phase.advance': {
      const { from, reason, sha } = advance.parse(params);
      return { phase: await supervisor.advance(from, reason, sha) };
    }
    case 'phase.set': {
      const { index, reason } = setPhase.parse(params);
      await supervisor.setPhase(index, reason);
      return { phase: index };
    }
    case 'handoff':
      supervisor.noteHandoff(handoff.parse(params));
      return {};
    case 'hold':
      await supervisor.holdStill(hold.parse(params).keep);
      return supervisor.status();
    case 'ownership':
      await supervisor.confirmOwnership();
      return supervisor.status();
    case 'release':
      await supervisor.release();
      return supervisor.status();
    case 'stop-all':
      await supervisor.stopAll(stop.parse(params).reason);
      return supervisor.status();
    case 'end': {
      const { reason, stop: stopLoops } = end.parse(params);
      await supervisor.end(reason, stopLoops);
      return {};
    }
    default:
      throw new RequestRefusedError('REQUEST_REFUSED', `there is no request ${method}`);
  }
}
