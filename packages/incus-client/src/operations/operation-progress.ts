import type { Operation } from '../api/operation.ts';

/** How far an operation is, of those that say: downloads, unpacking, publishing, copies. */
export interface OperationProgress {
  /** What is being done, e.g. `download`, `create_instance_from_image_unpack`. */
  readonly stage: string;
  /** 0 to 100, where the whole is known. */
  readonly percent: number | undefined;
  /** As the daemon puts it for people, e.g. `rootfs: 45% (5.30MB/s)`. */
  readonly text: string;
}

/** Reads an operation's progress out of its metadata; `undefined`: it says nothing of that. */
export function operationProgress({ metadata }: Operation): OperationProgress | undefined {
  const texts = Object.entries(metadata ?? {}).filter(
    (entry): entry is [string, string] => entry[0].endsWith('_progress') && typeof entry[1] === 'string',
  );
  // An instance that is made from an image elsewhere is downloaded first and unpacked then: the later one is the present one.
  const [name, text] =
    texts
      .toSorted(([a], [z]) => Number(a === 'download_progress') - Number(z === 'download_progress'))
      .at(0) ?? [];
  if (name === undefined || text === undefined) return undefined;
  const percent = /(\d+)%/.exec(text)?.[1];
  return {
    stage: name.slice(0, -'_progress'.length),
    percent: percent === undefined ? undefined : Number(percent),
    text,
  };
}
