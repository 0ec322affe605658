import { readFile } from 'node:fs/promises';
import type { Launch, LaunchCommand, StartChoice } from '../../agents/agent-adapter.ts';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import { agentFolder } from '../../config/rig-places.ts';
import type { LoopState, PendingWords } from '../../state/rig-state.ts';

/** A start whose session is chosen, with what the agent is told in it. */
export interface PreparedStart {
  readonly choice: StartChoice;
  readonly command: LaunchCommand;
  /** What is to be acknowledged, or typed; `undefined`: nothing. */
  readonly pending: PendingWords | undefined;
}

/** Chooses the session of a start and puts in place what it needs. */
export async function prepareStart(
  config: RigConfig,
  loop: LoopConfig,
  state: LoopState,
  environment: Readonly<Record<string, string>>,
): Promise<PreparedStart> {
  const adapter = adapterOf(loop);
  const { session, transcript } = state;
  const choice = await adapter.chooseStart({
    loop,
    environment,
    session,
    begun: state.begun === true,
    transcript,
  });
  const what = whatToTell(loop, choice, state);
  const words = what === undefined ? undefined : await wordsOf(loop, what);
  const launch: Launch = { ...choice, loop, folder: agentFolder(config, loop.name), words };
  await adapter.prepare?.(launch);
  const command = adapter.command(launch);
  const isKnown = adapter.hooks !== undefined || !command.tellsWords;
  return {
    choice,
    command,
    pending: what === undefined || !isKnown ? undefined : { what, told: command.tellsWords },
  };
}

/** What an agent is told at its start. */
export async function wordsOf(loop: LoopConfig, what: PendingWords['what']): Promise<string> {
  const { prompt, goOn, contextHandoff } = loop;
  if (what === 'go-on') return goOn;
  const words =
    prompt === undefined || prompt.deliver === 'file' ? [] : [await readFile(prompt.file, 'utf8')];
  const hint = contextHandoff?.tell.replaceAll('{note}', contextHandoff.note);
  return [...words, ...(what === 'handoff' && hint !== undefined ? [hint] : [])].join('\n\n');
}

/** A generic agent goes on by its own command line; any other waits in its session until it is told to. */
function whatToTell(
  loop: LoopConfig,
  { goesOn }: StartChoice,
  { readsNote }: LoopState,
): PendingWords['what'] | undefined {
  if (goesOn) return loop.agent === 'generic' || loop.goOn === '' ? undefined : 'go-on';
  if (readsNote === true && loop.contextHandoff !== undefined) return 'handoff';
  return loop.prompt === undefined || loop.prompt.deliver === 'file' ? undefined : 'prompt';
}
