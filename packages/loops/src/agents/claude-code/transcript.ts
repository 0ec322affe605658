import { createReadStream } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { unlessAbsent, unlessRefused } from '@cutover/foundation/errno';
import type { AgentProgress, TranscriptReader } from '../agent-adapter.ts';
import { projectsFolder, transcriptFolder } from './places.ts';
import { isSamePrompt } from './prompts.ts';
import { addUsage, readLines, type TranscriptLines } from './transcript-lines.ts';

/**
 * The transcript of a session that goes on in a directory; `undefined` when there is none. It stays where the session began,
 * which may have been in another directory.
 */
export async function findTranscript(
  environment: Readonly<Record<string, string>>,
  cwd: string,
  session: string,
): Promise<string | undefined> {
  const name = `${session}.jsonl`;
  const here = join(await transcriptFolder(environment, cwd), name);
  if (await isThere(here)) return here;
  const projects = projectsFolder(environment);
  for (const project of (await unlessAbsent(readdir(projects))) ?? []) {
    const there = join(projects, project, name);
    if (await isThere(there)) return there;
  }
  return undefined;
}

/** Whether there is a transcript: the agent may name one in its present directory that it does not write. */
export async function isThere(path: string): Promise<boolean> {
  return (await unlessRefused(access(path).then(() => true))) === true;
}

/** Whether a session was ever given a prompt: one that was not cannot be resumed. */
export async function hasPrompt(path: string): Promise<boolean> {
  if ((await unlessAbsent(stat(path)))?.isFile() !== true) return false;
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input })) {
      if (line.includes('"type":"user"')) return true;
    }
    return false;
  } finally {
    input.destroy();
  }
}

/**
 * Reads a transcript from where it stopped, and those of its subagents: their work is the agent's own, and so is what they
 * use; their context and their prompts are theirs.
 */
export function readTranscript(path: string): TranscriptReader {
  const own = readLines(path);
  const others = new Map<string, TranscriptLines>();
  return {
    read: async () => {
      let sum = await own.read();
      for (const other of await subagentTranscripts(path)) {
        const lines = others.get(other) ?? readLines(other);
        others.set(other, lines);
        sum = withSubagent(sum, await lines.read());
      }
      return sum;
    },
    get prompts() {
      return own.prompts.length;
    },
    queued: (since, at) =>
      own.queue
        .filter((change) => change.at > since && change.at <= at)
        .reduce((length, { operation }) => {
          if (operation === 'enqueue') return length + 1;
          return operation === 'popAll' ? 0 : Math.max(0, length - 1);
        }, 0),
    hasTaken: (text, since) => own.prompts.slice(since).some((taken) => isSamePrompt(text, taken)),
  };
}

/** The transcripts of the subagents of a session, of theirs too. */
async function subagentTranscripts(path: string): Promise<string[]> {
  const folder = join(path.replace(/\.jsonl$/, ''), 'subagents');
  const names = (await unlessRefused(readdir(folder, { recursive: true }))) ?? [];
  return names.filter((name) => /(?:^|\/)agent-[^/]*\.jsonl$/.test(name)).map((name) => join(folder, name));
}

function withSubagent(sum: AgentProgress, { steps, actions, usage }: AgentProgress): AgentProgress {
  return {
    ...sum,
    steps: sum.steps + steps,
    actions: sum.actions + actions,
    usage: addUsage(sum.usage, usage),
  };
}
