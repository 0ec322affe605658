import { createHash } from 'node:crypto';
import { link, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import { LoopsError } from '../errors.ts';
import { inFolder } from './in-folder.ts';
import type { RigState } from './rig-state.ts';

const block = z.object({
  reason: z.enum(['usage-limit', 'login-expired', 'billing', 'budget', 'handoff', 'escalated']),
  detail: z.string(),
  until: z.number().optional(),
  at: z.number().optional(),
});
const tokens = z.object({
  input: z.number(),
  cacheWrite: z.number(),
  cacheRead: z.number(),
  output: z.number(),
});
const usage = z.object({
  total: tokens,
  day: z.string(),
  dayTokens: z.number(),
  counted: z.object({ transcript: z.string(), usage: tokens }),
});
const loop = z.object({
  wanted: z.boolean(),
  session: z.string().optional(),
  begun: z.boolean().optional(),
  run: z.string().optional(),
  startedAs: z.string().optional(),
  restarts: z.number(),
  recentRestarts: z.number(),
  startedAt: z.number().optional(),
  block: block.optional(),
  transcript: z.string().optional(),
  heardRun: z.string().optional(),
  successor: z.boolean().optional(),
  pending: z.object({ what: z.enum(['prompt', 'go-on', 'handoff']), told: z.boolean() }).optional(),
  usage: usage.optional(),
  turnSince: z.number().optional(),
  handoff: z.object({ askedAt: z.number(), taken: z.boolean(), ended: z.boolean() }).optional(),
  readsNote: z.boolean().optional(),
  heldFor: z.object({ day: z.string(), tokensPerDay: z.number() }).optional(),
  unlimited: z.boolean().optional(),
  prompts: z.array(z.string()).optional(),
  typed: z.array(z.object({ id: z.string(), session: z.string().optional(), since: z.number() })).optional(),
});
const stateSchema = z.object({
  schema: z.literal(1),
  rig: z.string().optional(),
  generation: z.number(),
  bootId: z.string(),
  endedAt: z.number().optional(),
  phaseIndex: z.int().min(0),
  planListHash: z.string(),
  quiesced: z.boolean().optional(),
  rounds: z.record(z.string(), z.number()).optional(),
  passed: z.array(
    z.object({
      index: z.number(),
      plan: z.string(),
      sha: z.string().optional(),
      at: z.number(),
      reason: z.string(),
    }),
  ),
  loops: z.record(z.string(), loop),
});

/** Where the state of a rig lies. */
export function statePath(stateDir: string): string {
  return join(stateDir, 'state.json');
}

/**
 * Reads the state of a rig; `undefined` when it has none yet. When the file is damaged, the one before it is used.
 *
 * @throws {LoopsError} `STATE_DAMAGED`: neither file can be read.
 */
export async function readState(stateDir: string): Promise<RigState | undefined> {
  const path = statePath(stateDir);
  const current = await parseFile(path);
  if (current.state !== undefined) return current.state;
  const previous = await parseFile(`${path}.bak`);
  if (previous.state !== undefined) return previous.state;
  if (current.problem === undefined && previous.problem === undefined) return undefined;
  throw new LoopsError(
    'STATE_DAMAGED',
    `${path} and ${path}.bak cannot be read (${current.problem ?? 'absent'}); put a good copy there, ` +
      'or remove both to begin again at the phase in .phase-idx',
  );
}

/** Writes the state, the one before it kept as `state.json.bak`. */
export async function writeState(stateDir: string, state: RigState): Promise<void> {
  const path = statePath(stateDir);
  await inFolder(stateDir, async () => {
    await keepPrevious(path);
    await writeFileDurably(path, `${JSON.stringify(state, undefined, 1)}\n`, { mode: 0o600 });
  });
}

/** What a changed plan list is recognised by. */
export function hashPlans(plans: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(plans)).digest('hex').slice(0, 16);
}

async function keepPrevious(path: string): Promise<void> {
  await rm(`${path}.bak`, { force: true });
  await unlessAbsent(link(path, `${path}.bak`));
}

async function parseFile(path: string): Promise<{ state?: RigState; problem?: string }> {
  const text = await unlessAbsent(readFile(path, 'utf8'));
  if (text === undefined) return {};
  try {
    return { state: stateSchema.parse(JSON.parse(text)) };
  } catch (error) {
    return { problem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}
