import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { parse } from 'yaml';
import type * as z from 'zod';
import { ConfigError } from '../errors.ts';
import { controlSocket, longestSocketPath, rigPlaces } from './rig-places.ts';
import { type LoopFile, type RigFile, rigFileSchema } from './schema.ts';

/** One loop of a rig, its paths absolute. */
export interface LoopConfig extends Omit<LoopFile, 'cwd'> {
  readonly name: string;
  readonly cwd: string;
}

/** A rig, checked, its paths absolute, durations in milliseconds and sizes in bytes. */
export interface RigConfig extends Omit<RigFile, 'loops' | 'runtimeDir' | 'logDir'> {
  /** Where it was read from, when it was. */
  readonly path: string;
  readonly runtimeDir: string;
  readonly logDir: string;
  readonly loops: readonly LoopConfig[];
}

/**
 * Reads and checks a `loops.yaml`.
 *
 * @throws {ConfigError} it cannot be read or used; every problem is listed with its place.
 */
export async function loadRigConfig(path: string): Promise<RigConfig> {
  const absolute = resolve(path);
  let text: string;
  try {
    text = await readFile(absolute, 'utf8');
  } catch (error) {
    throw new ConfigError(absolute, [whyUnread(error)], { cause: error });
  }
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    throw new ConfigError(absolute, [messageOf(error)], { cause: error });
  }
  return parseRigConfig(data, absolute);
}

/**
 * Checks the content of a `loops.yaml`.
 *
 * @param path is named in errors, and a relative `workspace` is relative to its directory.
 * @throws {ConfigError} it cannot be used.
 */
export function parseRigConfig(data: unknown, path: string): RigConfig {
  const parsed = rigFileSchema.safeParse(data);
  if (!parsed.success) throw new ConfigError(path, parsed.error.issues.map(describeIssue));
  const config = withAbsolutePaths(parsed.data, path);
  const problems = [...socketProblems(config), ...dependencyProblems(config)];
  if (problems.length > 0) throw new ConfigError(path, problems);
  return config;
}

function withAbsolutePaths(file: RigFile, path: string): RigConfig {
  const places = rigPlaces(file, path);
  const inWorkspace = (one: string): string => (isAbsolute(one) ? one : resolve(places.workspace, one));
  return {
    ...file,
    path,
    ...places,
    logDir: file.logDir === undefined ? resolve(places.stateDir, 'logs') : inWorkspace(file.logDir),
    ...(file.metricsFile === undefined ? {} : { metricsFile: inWorkspace(file.metricsFile) }),
    ...(file.phases === undefined ? {} : { phases: phasesWithPaths(file.phases, inWorkspace) }),
    loops: Object.entries(file.loops).map(([name, loop]) => loopWithPaths(name, loop, inWorkspace)),
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

function loopWithPaths(name: string, loop: LoopFile, inWorkspace: (path: string) => string): LoopConfig {
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

function socketProblems(config: RigConfig): string[] {
  const socket = controlSocket(config);
  return Buffer.byteLength(socket) <= longestSocketPath
    ? []
    : [
        `runtimeDir: ${socket} is longer than ${longestSocketPath} bytes, too long for a socket; set a shorter runtimeDir`,
      ];
}

function dependencyProblems({ loops }: RigConfig): string[] {
  const known = new Map(loops.map((loop) => [loop.name, loop]));
  const problems: string[] = [];
  for (const loop of loops) {
    for (const other of loop.after) {
      if (!known.has(other)) problems.push(`loops.${loop.name}.after: there is no loop ${other}`);
    }
    if (reaches(loop.name, loop.name, known, new Set())) {
      problems.push(`loops.${loop.name}.after: it would wait for itself`);
    }
  }
  return problems;
}

function reaches(
  from: string,
  to: string,
  known: ReadonlyMap<string, LoopConfig>,
  seen: Set<string>,
): boolean {
  return (known.get(from)?.after ?? []).some((next) => {
    if (next === to) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return reaches(next, to, known, seen);
  });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key')
    return `${issue.path.join('.')}: ${issue.issues.map(({ message }) => message).join(', ')}`;
  return `${issue.path.length === 0 ? 'the file' : issue.path.join('.')}: ${issue.message}`;
}

function whyUnread(error: unknown): string {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
    ? 'there is no such file; say which with --config FILE or LOOPS_CONFIG (loops --help shows how to begin one)'
    : messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
