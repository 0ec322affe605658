import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { transcriptFolder } from '../../src/agents/claude-code/places.ts';
import { agentFolder } from '../../src/config/rig-places.ts';
import { makeRig, type TestRig } from '../rig.ts';

/** A rig with an agent that shows nothing and tells nothing: its hooks and its transcript are written here. */
export async function makeQuietRig(
  loop: object = {},
): Promise<TestRig & { transcript(session: string): Promise<string> }> {
  const rig = await makeRig({
    loops: {
      one: {
        agent: 'claude-code',
        command: ['sh', '-c', 'exec sleep 1000'],
        environmentFile: 'environment',
        ...loop,
      },
    },
  });
  const home = join(rig.directory, 'home');
  await writeFile(join(rig.directory, 'environment'), `HOME=${home}\n`);
  return {
    ...rig,
    transcript: async (session) => {
      const path = join(await transcriptFolder({ HOME: home }, rig.directory), `${session}.jsonl`);
      await mkdir(dirname(path), { recursive: true });
      return path;
    },
  };
}

/** Tells what a hook of the run that is under way would tell; `name` is its own in the spool. */
export function hooksOf(rig: TestRig, session: string): (name: string, hook: object) => Promise<void> {
  const started = rig.events.find((event) => event.type === 'started');
  const run = started?.type === 'started' ? started.run : '';
  const spool = join(agentFolder(rig.config, 'one'), 'spool');
  // Whole at once, as the real hook does: a file that is still empty would be taken too.
  return async (name, hook) => {
    await writeFile(join(spool, '.draft'), JSON.stringify({ session_id: session, ...hook }));
    await rename(join(spool, '.draft'), join(spool, `${run}.${name}.json`));
  };
}

/** A line of a transcript. */
export const transcriptLine = (value: object): string =>
  `${JSON.stringify({ version: '2.1.332', ...value })}\n`;
