import { mkdir, readFile, realpath, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { takeKernelLock } from '@cutover/foundation/kernel-lock';
import { setTimeout as delay } from 'node:timers/promises';
import { LoopsError } from '../../errors.ts';
import { claudeFile, claudeFolder } from './places.ts';

type Environment = Readonly<Record<string, string>>;
type Json = Readonly<Record<string, unknown>>;

export interface FirstRun {
  /** The directories that sessions run in. */
  readonly folders: readonly string[];
  /** Whether a session is started without questions for permissions. */
  readonly bypasses: boolean;
}

const bypassFlag = '--dangerously-skip-permissions';
/** How often an offer has been seen that is not made again then. */
const seenEnough = 3;
/** How long another one that writes these files is waited for, in milliseconds. */
const patience = 10_000;
/** The age from which on the program itself takes its lock for one that a killed process has left, in milliseconds. */
const staleAfter = 10_000;

/** Whether a command of a loop switches the questions for permissions off. */
export function bypassesPermissions(command: readonly string[]): boolean {
  return (
    command.includes(bypassFlag) ||
    command.includes('--permission-mode=bypassPermissions') ||
    command.some((word, at) => word === '--permission-mode' && command[at + 1] === 'bypassPermissions')
  );
}

/**
 * Answers what Claude Code would ask at its first start, so that a login is all that is left for a person to do. What the
 * files hold besides is kept; a file that needs nothing is not written.
 *
 * @returns the files that were written.
 * @throws {LoopsError} `FIRST_RUN_FAILED`: one of them holds something that is not JSON; it was left alone.
 */
export async function writeFirstRun(environment: Environment, run: FirstRun): Promise<string[]> {
  const folder = claudeFolder(environment);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await using _lock = await lock(join(folder, '.cutover-lock'));
  const folders = await realFolders(run);
  const written = [
    await mergeLocked(claudeFile(environment), (file) => withAnswers(file, folders, environment)),
    ...(run.bypasses
      ? [
          await merge(join(folder, 'settings.json'), (file) => ({
            ...file,
            skipDangerousModePermissionPrompt: true,
          })),
        ]
      : []),
  ];
  return written.flat();
}

/** What a session would still ask about: nothing, once the files are written. */
export async function missingFirstRun(environment: Environment, run: FirstRun): Promise<string[]> {
  const folders = await realFolders(run);
  const file = await readJson(claudeFile(environment));
  const settings = await readJson(join(claudeFolder(environment), 'settings.json'));
  const projects = record(file['projects']);
  return [
    ...(file['hasCompletedOnboarding'] === true ? [] : ['its first questions were not answered']),
    ...folders
      .filter((folder) => record(projects[folder])['hasTrustDialogAccepted'] !== true)
      .map((folder) => `${folder} is not trusted`),
    ...(run.bypasses && settings['skipDangerousModePermissionPrompt'] !== true
      ? [`the warning of ${bypassFlag} was not accepted`]
      : []),
  ];
}

/** The program knows a folder by its real path. */
async function realFolders({ folders }: FirstRun): Promise<string[]> {
  return Promise.all(folders.map(async (one) => (await unlessAbsent(realpath(one))) ?? one));
}

function withAnswers(file: Json, folders: readonly string[], environment: Environment): Json {
  const projects = record(file['projects']);
  const key = environment['ANTHROPIC_API_KEY'];
  const responses = record(file['customApiKeyResponses']);
  const approved = Array.isArray(responses['approved']) ? responses['approved'] : [];
  const tail = key?.slice(-20);
  return {
    ...file,
    hasCompletedOnboarding: true,
    fullscreenUpsellSeenCount: Math.max(seenEnough, Number(file['fullscreenUpsellSeenCount'] ?? 0)),
    projects: {
      ...projects,
      ...Object.fromEntries(
        folders.map((folder) => [folder, { ...record(projects[folder]), hasTrustDialogAccepted: true }]),
      ),
    },
    ...(tail === undefined || approved.includes(tail)
      ? {}
      : { customApiKeyResponses: { ...responses, approved: [...approved, tail] } }),
  };
}

/** The same of a file that sessions and a login write too, under the lock that they take for that. */
async function mergeLocked(path: string, change: (file: Json) => Json): Promise<string[]> {
  const before = await readJson(path);
  if (JSON.stringify(change(before)) === JSON.stringify(before)) return [];
  await using _lock = await lockOfProgram(`${path}.lock`);
  return await merge(path, change);
}

async function merge(path: string, change: (file: Json) => Json): Promise<string[]> {
  for (;;) {
    const text = await readText(path);
    const before = parseJson(path, text);
    const after = change(before);
    if (JSON.stringify(after) === JSON.stringify(before)) return [];
    // A user may keep it elsewhere, and link to it.
    const real = (await unlessAbsent(realpath(path))) ?? path;
    await mkdir(dirname(real), { recursive: true, mode: 0o700 });
    // The program writes it all the same where it cannot have the lock at once.
    const confirm = async (): Promise<boolean> => (await readText(path)) === text;
    const data = `${JSON.stringify(after, undefined, 2)}\n`;
    if (await writeFileDurably(real, data, { mode: 0o600, confirm })) return [path];
  }
}

async function readText(path: string): Promise<string | undefined> {
  return unlessAbsent(readFile(path, 'utf8'));
}

async function readJson(path: string): Promise<Json> {
  return parseJson(path, await readText(path));
}

function parseJson(path: string, text: string | undefined): Json {
  if (text === undefined || text.trim() === '') return {};
  try {
    return record(JSON.parse(text));
  } catch (cause) {
    throw new LoopsError(
      'FIRST_RUN_FAILED',
      `${path} is not JSON, so it was left alone; correct or remove it`,
      {
        cause,
      },
    );
  }
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}

async function lock(path: string): Promise<AsyncDisposable> {
  const end = performance.now() + patience;
  for (;;) {
    const attempt = await takeKernelLock(path, { holder: `loops first-run with pid ${process.pid}` });
    if (attempt.taken) return attempt.lock;
    if (performance.now() > end)
      throw new LoopsError(
        'FIRST_RUN_FAILED',
        `${path} is held by ${attempt.holder}; try again when it has ended`,
      );
    await delay(50);
  }
}

/** The program's own lock of a file: a directory beside it, which it makes, touches while it needs it, and removes. */
async function lockOfProgram(path: string): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const end = performance.now() + patience + staleAfter;
  for (;;) {
    try {
      await mkdir(path);
      return {
        [Symbol.asyncDispose]: async () => {
          await unlessAbsent(rmdir(path));
        },
      };
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const age = Date.now() - ((await unlessAbsent(stat(path)))?.mtimeMs ?? Date.now());
    if (age > staleAfter) await unlessAbsent(rmdir(path));
    else if (performance.now() > end)
      throw new LoopsError('FIRST_RUN_FAILED', `${path} is held by Claude Code; try again when it is gone`);
    else await delay(10);
  }
}
