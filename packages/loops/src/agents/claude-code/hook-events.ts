import * as z from 'zod';
import type { AgentEvent } from '../agent-event.ts';

const id = z.string();
const hookSchema = z.discriminatedUnion('hook_event_name', [
  z.object({
    hook_event_name: z.literal('SessionStart'),
    session_id: id,
    transcript_path: z.string().optional(),
    source: z.string().optional(),
  }),
  z.object({ hook_event_name: z.literal('UserPromptSubmit'), session_id: id, prompt: z.string() }),
  z.object({ hook_event_name: z.literal('Stop'), session_id: id }),
  z.object({
    hook_event_name: z.literal('StopFailure'),
    session_id: id,
    error: z.string().optional(),
    last_assistant_message: z.string().optional(),
  }),
  z.object({
    hook_event_name: z.literal('Notification'),
    session_id: id,
    message: z.string().optional(),
    notification_type: z.string().optional(),
  }),
  z.object({ hook_event_name: z.literal('SessionEnd'), session_id: id, reason: z.string().optional() }),
]);

const causes: Readonly<Record<string, 'usage-limit' | 'login-expired' | 'billing'>> = {
  rate_limit: 'usage-limit',
  authentication_failed: 'login-expired',
  billing_error: 'billing',
};

/** What a hook's JSON tells; `undefined` for a hook that means nothing here, or a document that is not a hook's. */
export function parseHook(json: string): AgentEvent | undefined {
  const hook = hookSchema.safeParse(parseJson(json)).data;
  if (hook === undefined) return undefined;
  const session = hook.session_id;
  switch (hook.hook_event_name) {
    case 'SessionStart':
      return { type: 'session', session, transcript: hook.transcript_path, cleared: hook.source === 'clear' };
    case 'UserPromptSubmit':
      return { type: 'prompted', session, text: hook.prompt };
    case 'Stop':
      return { type: 'turn-ended', session };
    case 'StopFailure': {
      const words = hook.last_assistant_message ?? hook.error ?? 'no reason was told';
      return { type: 'failed', session, cause: causes[hook.error ?? ''] ?? 'other', words };
    }
    case 'Notification':
      return hook.notification_type === 'permission_prompt'
        ? { type: 'dialog', session, words: hook.message ?? 'it asks for a permission' }
        : undefined;
    case 'SessionEnd':
      return { type: 'session-ended', session, cleared: hook.reason === 'clear' };
    default:
      return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A hook of another program, or one that was cut off with its agent.
    return undefined;
  }
}
