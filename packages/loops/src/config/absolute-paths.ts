import { isAbsolute, join, resolve } from 'node:path';
import type { LoopConfig, RigConfig } from './rig-config.ts';
import { agentFolder, rigPlaces } from './rig-places.ts';
import { defaultContextHandoff, type LoopFile, type RigFile } from './schema.ts';

/** The rig of a config file, its relative paths resolved: to the workspace, which is relative to the file itself. */
export function withAbsolutePaths(file: RigFile, path: string): RigConfig {
  const places = rigPlaces(file, path);
  const inWorkspace = (one: string): string => (isAbsolute(one) ? one : resolve(places.workspace, one));
  return {
    ...file,
    path,
    ...places,
    logDir: file.logDir === undefined ? resolve(places.stateDir, 'logs') : inWorkspace(file.logDir),
    metricsFile: file.metricsFile === undefined ? undefined : inWorkspace(file.metricsFile),
    phases: file.phases === undefined ? undefined : phasesWithPaths(file.phases, inWorkspace),
    loops: Object.entries(file.loops).map(([name, loop]) => ({
      ...loopWithPaths(name, loop, inWorkspace),
      contextHandoff: handoffWithPath(name, loop, places, inWorkspace),
    })),
  };
}

/** Only of an agent that tells how full its context is, and when its turns end. */
function handoffWithPath(
  name: string,
  { agent, contextHandoff }: LoopFile,
  places: { readonly stateDir: string },
  inWorkspace: (path: string) => string,
): LoopConfig['contextHandoff'] {
  if (contextHandoff === false || (contextHandoff === undefined && agent === 'generic')) return undefined;
  const { note, ...policy } = contextHandoff ?? defaultContextHandoff;
  return {
    ...policy,
    note: note === undefined ? join(agentFolder(places, name), 'handoff.md') : inWorkspace(note),
  };
}

function phasesWithPaths(
  phases: NonNullable<RigFile['phases']>,
  inWorkspace: (path: string) => string,
): NonNullable<RigFile['phases']> {
  return {
    ...phases,
    plans: phases.plans.map(inWorkspace),
    ...(phases.mirror === undefined ? {} : { mirror: inWorkspace(phases.mirror) }),
  };
}

function loopWithPaths(
  name: string,
  { contextHandoff: _handoff, ...loop }: LoopFile,
  inWorkspace: (path: string) => string,
): LoopConfig {
  const [program = '', ...rest] = loop.command;
  const [resumeProgram = '', ...resumeRest] = loop.resume ?? [];
  return {
    ...loop,
    name,
    command: [programPath(program, inWorkspace), ...rest],
    ...(loop.resume === undefined
      ? {}
      : { resume: [programPath(resumeProgram, inWorkspace), ...resumeRest] }),
    cwd: inWorkspace(loop.cwd ?? loop.clone ?? '.'),
    ...(loop.clone === undefined ? {} : { clone: inWorkspace(loop.clone) }),
    ...(loop.environmentFile === undefined ? {} : { environmentFile: inWorkspace(loop.environmentFile) }),
    ...(loop.prompt === undefined ? {} : { prompt: { ...loop.prompt, file: inWorkspace(loop.prompt.file) } }),
  };
}

/** A bare word is looked up in PATH; anything with a slash is relative to the workspace. */
function programPath(program: string, inWorkspace: (path: string) => string): string {
  return program.includes('/') ? inWorkspace(program) : program;
}
