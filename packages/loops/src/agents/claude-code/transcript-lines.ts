import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import { Turns } from '../../concurrency/turns.ts';
import type { AgentProgress, TokenUsage } from '../agent-adapter.ts';

const count = z.number().default(0);
const lineSchema = z.object({
  type: z.string(),
  version: z.string().optional(),
  isSidechain: z.boolean().optional(),
  isApiErrorMessage: z.boolean().optional(),
  operation: z.string().optional(),
  timestamp: z.string().optional(),
  content: z.unknown().optional(),
  message: z
    .object({
      id: z.string().optional(),
      content: z.union([
        z.string(),
        z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
      ]),
      usage: z
        .object({
          input_tokens: count,
          cache_creation_input_tokens: count,
          cache_read_input_tokens: count,
          output_tokens: count,
        })
        .optional(),
    })
    .optional(),
});
type Line = z.output<typeof lineSchema>;

const chunk = 256 * 1024;

/** What the lines of a transcript say. */
export interface TranscriptLines {
  /** Reads what was added since. */
  read(): Promise<AgentProgress>;
  /** The prompts that were read. */
  readonly prompts: readonly string[];
  /** What was put behind a turn and taken from there; of the last ones. */
  readonly queue: readonly QueueChange[];
}

/** A prompt was put behind the turn that is under way, or taken from there: all of them with `popAll`. */
interface QueueChange {
  readonly operation: string;
  /** Unix milliseconds. */
  readonly at: number;
}
/** How many changes of the queue are remembered. */
const remembered = 200;

/** Reads the lines of a transcript from where it stopped: it only ever grows. */
export function readLines(path: string): TranscriptLines {
  let offset = 0;
  let rest = Buffer.alloc(0);
  let progress: AgentProgress = { steps: 0, actions: 0, usage: noUsage, context: 0 };
  let answer = { id: '', usage: noUsage };
  const prompts: string[] = [];
  const turns = new Turns();
  let queue: QueueChange[] = [];

  const take = (line: Line): void => {
    const { message, version } = line;
    if (version !== undefined) progress = { ...progress, version };
    const { operation, timestamp = '' } = line;
    if (operation !== undefined)
      queue = [...queue, { operation, at: Date.parse(timestamp) }].slice(-remembered);
    const text = promptOf(line);
    if (text !== undefined) prompts.push(text);
    const blocks = Array.isArray(message?.content) ? message.content : [];
    const actions = blocks.filter(({ type }) => type === 'tool_use').length;
    const isResult = line.type === 'user' && blocks.some(({ type }) => type === 'tool_result');
    if (isResult) progress = { ...progress, steps: progress.steps + 1 };
    if (line.type !== 'assistant' || line.isApiErrorMessage === true) return;
    progress = { ...progress, steps: progress.steps + 1, actions: progress.actions + actions };
    if (message?.usage === undefined) return;
    const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } =
      message.usage;
    const usage = {
      input: input_tokens,
      cacheWrite: cache_creation_input_tokens,
      cacheRead: cache_read_input_tokens,
      output: output_tokens,
    };
    // Each block of an answer is a line of its own, with the usage of the whole answer so far.
    const known = message.id !== undefined && message.id === answer.id ? answer.usage : noUsage;
    answer = { id: message.id ?? '', usage };
    progress = { ...progress, usage: addUsage(progress.usage, usage, known) };
    if (line.isSidechain !== true)
      progress = { ...progress, context: usage.input + usage.cacheWrite + usage.cacheRead + usage.output };
  };

  const readOn = async (): Promise<AgentProgress> => {
    // A pipe in its place would be waited for without end.
    const file = await unlessAbsent(open(path, constants.O_RDONLY | constants.O_NONBLOCK));
    if (file === undefined) return progress;
    try {
      if (!(await file.stat()).isFile()) return progress;
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(chunk), 0, chunk, offset);
        if (bytesRead === 0) return progress;
        offset += bytesRead;
        rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        const end = rest.lastIndexOf(0x0a);
        for (const line of rest.subarray(0, Math.max(0, end)).toString().split('\n')) {
          const parsed = parseLine(line);
          if (parsed !== undefined) take(parsed);
        }
        rest = rest.subarray(end + 1);
      }
    } finally {
      await file.close();
    }
  };

  return {
    // Two at once would read the same bytes, and pass over those that follow.
    read: () => turns.take(path, readOn),
    prompts,
    get queue() {
      return queue;
    },
  };
}

const noUsage: TokenUsage = { input: 0, cacheWrite: 0, cacheRead: 0, output: 0 };

/** @param known how much of `more` is in the sum already. */
export function addUsage(sum: TokenUsage, more: TokenUsage, known = noUsage): TokenUsage {
  return {
    input: sum.input + more.input - known.input,
    cacheWrite: sum.cacheWrite + more.cacheWrite - known.cacheWrite,
    cacheRead: sum.cacheRead + more.cacheRead - known.cacheRead,
    output: sum.output + more.output - known.output,
  };
}

/** Only the lines that count are parsed: others may hold whole requests. */
function parseLine(line: string): Line | undefined {
  if (!/"type":"(?:assistant|user|queue-operation)"/.test(line)) return undefined;
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    // A line that was cut off when the machine went down.
    return undefined;
  }
}

/** A prompt that was submitted, or queued behind a turn. */
function promptOf({ type, operation, content, message }: Line): string | undefined {
  if (type === 'queue-operation') {
    return operation === 'enqueue' && typeof content === 'string' ? content : undefined;
  }
  if (type !== 'user' || message === undefined) return undefined;
  if (typeof message.content === 'string') return message.content;
  const texts = message.content.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : []));
  return texts.length === 0 ? undefined : texts.join('\n');
}
