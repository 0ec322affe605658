import { localError, onLocalFile } from '../files/local-file.ts';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { randomUUID } from 'node:crypto';

/** The parts of a file to send: bytes, or a path of this machine, which is streamed. */
export type ImageFile = { readonly path: string } | Uint8Array;

/** What to upload: one unified tarball, or metadata and root file system apart. */
export type ImageUpload =
  | { readonly unified: ImageFile }
  | {
      readonly metadata: ImageFile;
      readonly rootfs: ImageFile;
      /** The root file system of a virtual machine (qcow2). */ readonly virtualMachine?: boolean | undefined;
    };

interface Body {
  readonly body: Readable;
  readonly headers: Readonly<Record<string, string>>;
}

/** The request body for an upload, streamed: an image is never held in memory. */
export async function uploadBody(upload: ImageUpload): Promise<Body> {
  if ('unified' in upload) {
    return {
      body: Readable.from(contents(upload.unified)),
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(await sizeOf(upload.unified)),
      },
    };
  }
  const boundary = randomUUID();
  const part = (name: string) =>
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    );
  const rootfsName = upload.virtualMachine === true ? 'rootfs.img' : 'rootfs';
  const [metadataHead, rootfsHead] = [part('metadata'), part(rootfsName)];
  const lineBreak = Buffer.from('\r\n');
  const end = Buffer.from(`--${boundary}--\r\n`);
  const length =
    metadataHead.length +
    (await sizeOf(upload.metadata)) +
    rootfsHead.length +
    (await sizeOf(upload.rootfs)) +
    2 * lineBreak.length +
    end.length;
  async function* parts(files: { readonly metadata: ImageFile; readonly rootfs: ImageFile }) {
    yield metadataHead;
    yield* contents(files.metadata);
    yield lineBreak;
    yield rootfsHead;
    yield* contents(files.rootfs);
    yield lineBreak;
    yield end;
  }
  return {
    body: Readable.from(parts(upload)),
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(length),
    },
  };
}

async function* contents(file: ImageFile): AsyncGenerator<Uint8Array> {
  if (file instanceof Uint8Array) {
    yield file;
    return;
  }
  try {
    yield* createReadStream(file.path, { highWaterMark: 1024 * 1024 });
  } catch (error) {
    throw localError(file.path, error);
  }
}

async function sizeOf(file: ImageFile): Promise<number> {
  return file instanceof Uint8Array ? file.length : (await onLocalFile(file.path, stat(file.path))).size;
}
