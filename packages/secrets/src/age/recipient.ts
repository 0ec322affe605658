import type { Stanza } from './age-file.ts';

/** Something a file key is wrapped for, as the age library's `Recipient`. */
export interface AgeRecipient {
  wrapFileKey(fileKey: Uint8Array): Stanza[] | Promise<Stanza[]>;
}
