import type { EngineFile } from '../../sops/engine.ts';
import { formatOf } from '../../sops/formats/format.ts';
import { readMetadata } from '../../sops/inspect.ts';

/** What `--json` says of a sops file. */
export interface Summary {
  readonly file: string;
  readonly format: string;
  /** Of all key groups together. */
  readonly recipients: readonly string[];
  readonly lastModified: string;
}

/** What an encrypted file says of itself, without any key. */
export async function summaryOf(bytes: Uint8Array, file: EngineFile): Promise<Summary> {
  const { groups, lastModified } = await readMetadata(bytes, file);
  return {
    file: file.file,
    format: file.format ?? formatOf(file.file),
    recipients: groups.flatMap(({ age }) => age.map(({ recipient }) => recipient)),
    lastModified,
  };
}
