import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { type FoundClaude, findClaude } from '@cutover/test-support/claude/claude-binary';
import { type ClaudeLab, openClaudeLab } from '@cutover/test-support/claude/claude-lab';
import { writeFirstRun } from '../../../src/agents/claude-code/first-run.ts';
import { makeRig, type TestRig } from '../../rig.ts';

/** A rig whose loops are real Claude Code, with a stand-in of its API. */
export interface ClaudeRig extends TestRig {
  readonly lab: ClaudeLab;
}

/** The program, or `undefined` where it cannot be had; then it is said. */
export async function claudeOr(version: string): Promise<string | undefined> {
  const found: FoundClaude =
    process.getuid?.() === 0 ? await findClaude(version) : { missing: 'its network of its own needs root' };
  if ('path' in found) return found.path;
  console.info(`tests with Claude Code ${version} are skipped: ${found.missing}`);
  return undefined;
}

/** @param setUp whether what its first start asks is answered. */
export async function makeClaudeRig(
  program: string,
  loops: Record<string, object>,
  { setUp = true, ...more }: { setUp?: boolean; [key: string]: unknown } = {},
): Promise<ClaudeRig> {
  const lab = await openClaudeLab(program);
  const rig = await makeRig({
    environment: lab.environment,
    loops: Object.fromEntries(
      Object.entries(loops).map(([name, loop]) => [
        name,
        { agent: 'claude-code', command: [lab.command, '--dangerously-skip-permissions'], ...loop },
      ]),
    ),
    ...more,
  });
  if (setUp) {
    const folders = [await realpath(rig.directory)];
    await writeFirstRun(lab.environment, { folders, bypasses: true });
  }
  return {
    ...rig,
    lab,
    [Symbol.asyncDispose]: async () => {
      await rig[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
