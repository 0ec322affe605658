import { Readable } from 'node:stream';
import { FileError, IncusApiError, IncusError } from '../errors.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import { parseReply } from '../transport/reply.ts';
import { type SftpSession, openSftp, refusePipe } from './sftp/session.ts';
import { makeParents, makeUnlessThere } from './make-parents.ts';
import { type PullOptions, type PushOptions, pullPath, pushPath } from './transfer.ts';
import type { FileAttributes, FileContent, PutFileOptions, WriteFileAttributes } from './types.ts';

/** A file as it is read: its attributes, and its content as a stream that must be read or destroyed. */
export interface FileReading extends FileAttributes {
  readonly content: Readable;
}

/**
 * The files of instances: what reads is one request to the files endpoint, what changes something goes by SFTP. Neither needs
 * a shell in the guest. Those of volumes are had in the same way: there `instance` is the volume's name.
 */
export interface FilesArea {
  /**
   * Opens a file. Of a symlink the content is its target; a directory is refused, see {@link FilesArea.list}.
   *
   * @throws {IncusApiError} `NOT_FOUND`
   */
  open(instance: string, filePath: string, options?: CallOptions): Promise<FileReading>;
  /** Reads a whole file into memory. */
  read(instance: string, filePath: string, options?: CallOptions): Promise<Buffer>;
  /** The names in a directory. */
  list(instance: string, directory: string, options?: CallOptions): Promise<readonly string[]>;
  /** Attributes alone. */
  stat(instance: string, filePath: string, options?: CallOptions): Promise<FileAttributes>;
  /**
   * Puts a file in the place of what is there, in one step and with its owner and mode, by SFTP; chunks are streamed. No
   * other user of the guest sees it before its mode is set. A symlink is replaced, not followed.
   *
   * @throws {FileError} `FORBIDDEN`: a symlink of a user's is on its way.
   */
  write(
    instance: string,
    filePath: string,
    content: FileContent,
    options?: WriteFileAttributes & PutFileOptions & CallOptions,
  ): Promise<void>;
  /**
   * Adds to the end of a file, which keeps its owner and mode; one that is missing is made as by `write`.
   *
   * @throws {FileError} `FORBIDDEN`: it is root's in a user's folder, or a symlink of a user's is on its way.
   */
  append(
    instance: string,
    filePath: string,
    content: FileContent,
    options?: WriteFileAttributes & CallOptions,
  ): Promise<void>;
  /** Makes one directory; one that is there is left as it is. */
  makeDirectory(
    instance: string,
    directory: string,
    options?: WriteFileAttributes & CallOptions,
  ): Promise<void>;
  /**
   * Makes a symlink, which is root's, by SFTP.
   *
   * @throws {FileError} `FORBIDDEN`: a symlink of a user's is on its way.
   */
  symlink(instance: string, linkPath: string, target: string, options?: CallOptions): Promise<void>;
  /** The target of a symlink, which the daemon makes absolute; an SFTP session gives it as it is. */
  readLink(instance: string, linkPath: string, options?: CallOptions): Promise<string>;
  /** An SFTP session: for many files, large ones, and what the files endpoint cannot do. Dispose of it. */
  sftp(instance: string, options?: CallOptions): Promise<SftpSession>;
  /**
   * Pushes a file of this machine, or a directory with all that is in it, by SFTP: in bounded memory, modes and symlinks
   * kept, owned by root unless said otherwise. Its parent directory must be there, unless `createDirectories` says otherwise.
   */
  push(instance: string, source: string, target: string, options?: PushOptions): Promise<void>;
  /** Pulls a file, or a directory with all that is in it, to this machine, by SFTP: in bounded memory, modes and symlinks kept. */
  pull(instance: string, source: string, target: string, options?: PullOptions): Promise<void>;
  /**
   * Deletes a file, a symlink or an empty directory, by SFTP.
   *
   * @throws {FileError} `FORBIDDEN`: a symlink of a user's is on its way.
   */
  delete(instance: string, filePath: string, options?: CallOptions): Promise<void>;
}

/**
 * Milliseconds after which it is asked what a file is that has not come yet: the endpoint opens a pipe as it does a file, and
 * waits until someone writes to it.
 */
const slowAnswer = 2_000;

/** Of whose files an area is. */
interface FilesOwner {
  /** The path of the instance or volume of a name. */
  readonly path: (name: string) => string;
  /** The API extensions without which a server has none of its endpoints: that they are not there says nothing of a file. */
  readonly extensions?: { readonly files: string; readonly sftp: string } | undefined;
}

export function filesArea(
  scope: Scope,
  { path: owner, extensions }: FilesOwner = { path: (name) => path`/1.0/instances/${name}` },
): FilesArea {
  const request = (instance: string) => `${owner(instance)}/files`;
  const told = async <T>(
    act: Promise<T>,
    kind: 'files' | 'sftp',
    signal: AbortSignal | undefined,
  ): Promise<T> => {
    try {
      return await act;
    } catch (error) {
      if (extensions !== undefined && error instanceof IncusApiError && error.code === 'NOT_FOUND')
        await scope.requireExtension(extensions[kind], { signal });
      throw error;
    }
  };
  const openSession = (instance: string, signal: AbortSignal | undefined) =>
    told(openSftp(scope, owner(instance), signal), 'sftp', signal);

  /** By SFTP: the files endpoint sets owner and mode after the content, and those of new files only. */
  const writeFile = async (
    instance: string,
    filePath: string,
    content: FileContent,
    {
      signal,
      createDirectories,
      ...options
    }: WriteFileAttributes & PutFileOptions & CallOptions & { readonly append?: boolean },
  ) => {
    await using session = await openSession(instance, signal);
    await makeParents(session, filePath, createDirectories);
    await session.write(filePath, content, options);
  };

  async function* readBySftp(instance: string, filePath: string, signal: AbortSignal | undefined) {
    await using session = await openSession(instance, signal);
    yield* session.read(filePath);
  }

  const get = async (instance: string, filePath: string, { signal }: CallOptions = {}) => {
    const giving = new AbortController();
    const refuse = async () => {
      await using session = await openSession(instance, giving.signal);
      refusePipe(filePath, await session.stat(filePath));
    };
    const timer = setTimeout(() => {
      // Where that cannot be asked either, the request itself tells why.
      refuse().catch((error: unknown) => {
        if (error instanceof FileError && error.code === 'BAD_REQUEST') giving.abort(error);
      });
    }, slowAnswer);
    try {
      const either = signal === undefined ? giving.signal : AbortSignal.any([signal, giving.signal]);
      const asked = { signal: either, query: { path: filePath } };
      const reply = await told(scope.rawStream('GET', request(instance), asked), 'files', either);
      return {
        body: reply.body,
        attributes: attributesIn(reply.headers, filePath),
        contentLength: reply.headers['content-length'],
      };
    } finally {
      clearTimeout(timer);
    }
  };

  const open = async (
    instance: string,
    filePath: string,
    options: CallOptions = {},
  ): Promise<FileReading> => {
    const { body, attributes, contentLength } = await get(instance, filePath, options);
    if (attributes.type === 'directory') {
      body.destroy();
      throw new IncusError('BAD_REQUEST', `${filePath} in ${instance} is a directory; list() reads it`);
    }
    if (attributes.type !== 'file' || contentLength !== '0') return { ...attributes, content: body };
    // The endpoint sends as much as the file's size says, and those of /proc and /sys say 0 whatever they hold.
    body.destroy();
    return {
      ...attributes,
      content: Readable.from(readBySftp(instance, filePath, options.signal), { objectMode: false }),
    };
  };

  const read = async (instance: string, filePath: string, options: CallOptions = {}) => {
    const { content } = await open(instance, filePath, options);
    return collect(content);
  };

  return {
    open,
    read,
    async list(instance, directory, options = {}) {
      const { body, attributes } = await get(instance, directory, options);
      const content = await collect(body);
      if (attributes.type !== 'directory')
        throw new IncusError('BAD_REQUEST', `${directory} in ${instance} is not a directory`);
      const { metadata } = parseReply(200, content, 'GET', request(instance));
      return Array.isArray(metadata) ? metadata.map(String) : [];
    },
    async stat(instance, filePath, options = {}) {
      const asked = { ...options, query: { path: filePath } };
      const { headers } = await told(scope.raw('HEAD', request(instance), asked), 'files', options.signal);
      return attributesIn(headers, filePath);
    },
    write: (instance, filePath, content, options = {}) => writeFile(instance, filePath, content, options),
    append: (instance, filePath, content, options = {}) =>
      writeFile(instance, filePath, content, { ...options, append: true }),
    async makeDirectory(instance, directory, { signal, uid = 0, gid = 0, mode = 0o755 } = {}) {
      await using session = await openSession(instance, signal);
      await makeUnlessThere(session, directory, { uid, gid, mode });
    },
    async symlink(instance, linkPath, target, options = {}) {
      await using session = await openSession(instance, options.signal);
      await session.symlink(linkPath, target);
    },
    async readLink(instance, linkPath, options = {}) {
      const { content, type } = await open(instance, linkPath, options);
      const target = await collect(content);
      if (type !== 'symlink')
        throw new IncusError('BAD_REQUEST', `${linkPath} in ${instance} is a ${type}, not a symlink`);
      return target.toString().replace(/\n$/, '');
    },
    sftp: (instance, options = {}) => openSession(instance, options.signal),
    async push(instance, source, target, options = {}) {
      await using session = await openSession(instance, options.signal);
      await makeParents(session, target, options.createDirectories);
      await pushPath(session, source, target, options);
    },
    async pull(instance, source, target, options = {}) {
      await using session = await openSession(instance, options.signal);
      await pullPath(session, source, target, options);
    },
    async delete(instance, filePath, options = {}) {
      await using session = await openSession(instance, options.signal);
      const { type } = await session.stat(filePath);
      await (type === 'directory' ? session.removeDirectory(filePath) : session.remove(filePath));
    },
  };
}

function attributesIn(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  filePath: string,
): FileAttributes {
  const type = headers['x-incus-type'];
  if (type !== 'file' && type !== 'directory' && type !== 'symlink')
    throw new IncusError('PROTOCOL_ERROR', `the answer for ${filePath} does not say what it is`);
  const mode = String(headers['x-incus-mode'] ?? '0');
  return {
    type,
    uid: Number(headers['x-incus-uid'] ?? 0),
    gid: Number(headers['x-incus-gid'] ?? 0),
    mode: Number.parseInt(mode, 8),
  };
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
