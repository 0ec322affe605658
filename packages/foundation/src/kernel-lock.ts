import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';

/** A lock that is held until it is disposed. */
export interface KernelLock extends AsyncDisposable {
  /** Whether the file at the path is still the one that is locked: another one, or none, may be there by now. */
  isInPlace(): boolean;
}

/** Either the lock, or what its present holder wrote about itself. */
export type LockAttempt =
  | { readonly taken: true; readonly lock: KernelLock }
  | { readonly taken: false; readonly holder: string };

export interface KernelLockOptions {
  /** What others are told while we hold it, e.g. `pid 41 on pi since …`. */
  readonly holder: string;
  /** Milliseconds to wait for a holder to let go. Default 0: do not wait. */
  readonly patience?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenFileLockOptions extends Omit<KernelLockOptions, 'holder'> {
  /** Share it with others who do, and so find out whether one holds it alone. */
  readonly shared?: boolean | undefined;
}

/**
 * Locks the file at `path` (made with mode 0600 when it is absent) until the lock is disposed or this process ends,
 * however it ends. It is the kernel's own lock, flock(2), on the open file: it holds between containers and mount
 * namespaces that share the file, and no other user can take it first, as with the name of an abstract socket.
 *
 * Node has no call for it: the command `flock` of util-linux locks the open file description that it shares with this
 * process, so the lock stays here when the command has ended. Other children do not inherit the file.
 *
 * @throws {Error} `flock` cannot be run, or the file cannot be opened.
 */
export async function takeKernelLock(path: string, options: KernelLockOptions): Promise<LockAttempt> {
  const file = await open(path, 'a+', 0o600);
  try {
    if (!(await lockOpenFile(file, options))) {
      const holder = (await readFile(path, 'utf8')).trim();
      await file.close();
      return { taken: false, holder: holder === '' ? 'a process that has just begun' : holder };
    }
    await file.truncate();
    await file.writeFile(`${options.holder}\n`);
  } catch (error) {
    await file.close();
    throw error;
  }
  const { ino, dev } = await file.stat();
  return {
    taken: true,
    lock: {
      isInPlace() {
        const now = statSync(path, { throwIfNoEntry: false });
        return now?.ino === ino && now.dev === dev;
      },
      async [Symbol.asyncDispose]() {
        try {
          await file.truncate();
        } finally {
          await file.close();
        }
      },
    },
  };
}

/** The exit code of `flock` for a lock that another holds; distinct from those of its own failures. */
const held = 75;

/**
 * Takes the lock of an open file or directory, for as long as it is open. For what holds no words of its own, as a directory.
 *
 * @returns whether it was taken within `patience`.
 * @throws {Error} `flock` cannot be run.
 */
export async function lockOpenFile(
  file: FileHandle,
  { patience = 0, signal, shared = false }: OpenFileLockOptions = {},
): Promise<boolean> {
  const wait = patience > 0 ? ['--wait', String(patience / 1000)] : ['--nonblock'];
  const child = spawn(
    'flock',
    [shared ? '--shared' : '--exclusive', ...wait, '--conflict-exit-code', String(held), '3'],
    {
      stdio: ['ignore', 'ignore', 'ignore', file.fd],
      ...(signal === undefined ? {} : { signal }),
    },
  );
  const [code, killedBy] = await once(child, 'close').catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new Error('the command flock (package util-linux) cannot be run', { cause });
  });
  if (code === 0) return true;
  if (code === held) return false;
  throw new Error(`flock ended with ${code ?? killedBy}`);
}
