import type { Stanza } from './age-file.ts';

/** Something that opens a data key. Custom ones are made with the age library's `Identity` interface. */
export type AgeIdentity = CustomIdentity | LibraryIdentity | PluginIdentity;

/** The age library's `Identity`: gives the file key, or `null` when no stanza is for it. */
export interface CustomIdentity {
  /**
   * Gives the file key (16 bytes) that one of the stanzas of an age header holds, or `null` when none is for this identity.
   */
  unwrapFileKey(stanzas: Stanza[]): Uint8Array | null | Promise<Uint8Array | null>;
}

/** An identity that the age library reads itself. The text is behind a function so that no inspection prints it. */
export interface LibraryIdentity {
  /** The identity's text: a secret. */
  readonly reveal: () => string;
}

/** An identity that only a plugin of age can use, by way of the sops command: natively it opens nothing. */
export interface PluginIdentity extends CustomIdentity {
  /** As in `age-plugin-NAME`. */
  readonly plugin: string;
}
