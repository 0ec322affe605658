import { randomUUID } from 'node:crypto';
import type { LoopConfig } from '../../config/rig-config.ts';
import type { AgentAdapter, Launch, StartChoice, StartQuestion } from '../agent-adapter.ts';
import { type FirstRun, bypassesPermissions, missingFirstRun, writeFirstRun } from './first-run.ts';
import { parseHook } from './hook-events.ts';
import { hookFiles, installHooks, settingsPath } from './hook-settings.ts';
import { probeLogin } from './login-probe.ts';
import { loginFile } from './places.ts';
import { programOf } from './program.ts';
import { isDraftOf, isSamePrompt, longestArgument, refusePrompt } from './prompts.ts';
import { readScreen, refusesSession } from './screen.ts';
import { signOfFailure } from './signs.ts';
import { findTranscript, hasPrompt, isThere, readTranscript } from './transcript.ts';
import { versionDoubt } from './versions.ts';

/** Claude Code, by its hooks first, its transcript second and its screen last. */
export const claudeCodeAdapter: AgentAdapter = {
  name: 'claude-code',
  chooseStart,
  prepare: ({ folder }) => installHooks(folder),
  files: { paths: hookFiles, restore: installHooks },
  command,
  refusePrompt,
  isSamePrompt,
  isDraftOf,
  redrawKey: 'C-l',
  clearKey: 'C-u',
  readScreen: (lines, _loop, patterns, now) => readScreen(lines, patterns, now),
  refusesSession,
  hooks: { parse: parseHook, signOf: signOfFailure },
  readTranscript,
  findTranscript: ({ environment, loop, session }) => findTranscript(environment, loop.cwd, session),
  firstRun: {
    missing: (environment, loop) => missingFirstRun(environment, firstRunOf(loop)),
    write: (environment, loop) => writeFirstRun(environment, firstRunOf(loop)),
  },
  login: { programOf, probe: probeLogin },
  loginFile,
  versionDoubt,
};

function firstRunOf({ cwd, command: words }: LoopConfig): FirstRun {
  return { folders: [cwd], bypasses: bypassesPermissions(words) };
}

/** Resumes only a session that was given a prompt; an id that was used is used for nothing else. */
async function chooseStart({
  loop,
  environment,
  session,
  begun,
  transcript,
}: StartQuestion): Promise<StartChoice> {
  if (session === undefined || !begun) return { session: session ?? randomUUID(), goesOn: false };
  const isNamed = transcript !== undefined && (await isThere(transcript));
  const path = isNamed ? transcript : await findTranscript(environment, loop.cwd, session);
  const goesOn = path !== undefined && (await hasPrompt(path));
  return { session: goesOn ? session : randomUUID(), goesOn };
}

function command({ loop, session, goesOn, folder, words }: Launch) {
  const { prompt } = loop;
  const mayTell =
    words !== undefined &&
    (goesOn || (prompt?.secret !== true && (prompt?.deliver ?? 'argument') === 'argument')) &&
    Buffer.byteLength(words) <= longestArgument &&
    refusePrompt(words, 'argument') === undefined;
  return {
    argv: [
      ...loop.command,
      ...(goesOn ? ['--resume', session] : ['--session-id', session]),
      '--settings',
      settingsPath(folder),
      ...(mayTell ? ['--', words] : []),
    ],
    tellsWords: mayTell,
  };
}
