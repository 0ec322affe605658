/** What a control server says of an auth key. `unknown-key`: it has none of that kind; it was deleted, or is another server's. */
export type KeyStanding = 'good' | 'used' | 'expired' | 'unknown-key';

/** An auth key, as its control server has it. */
export interface KeyFacts {
  readonly standing: KeyStanding;
  /** It can be used more than once. */
  readonly reusable: boolean;
}

/** A new auth key (`key`, a secret), and the number by which its control server knows it. */
export interface MintedKey {
  readonly id: string;
  readonly key: string;
}

/** A node, as its control server has it. */
export interface ControlledNode {
  readonly id: string;
  /** The first label of its name in the tailnet. */
  readonly name: string;
  readonly addresses: readonly string[];
  readonly online: boolean | undefined;
}

/** A control server, as the holder of a token sees it. Each call throws `TailnetError` where it does not answer or refuses. */
export interface ControlApi {
  /** Makes an auth key for one node, that expires after `lifetime` milliseconds. */
  mint(
    request: { readonly tags: readonly string[]; readonly lifetime: number },
    signal: AbortSignal,
  ): Promise<MintedKey>;
  /** Makes a key useless. */
  revoke(id: string, signal: AbortSignal): Promise<void>;
  /** `undefined`: this key's text does not tell which one it is. */
  keyFacts(key: string, signal: AbortSignal): Promise<KeyFacts | undefined>;
  /** All nodes of the tailnet. */
  nodes(signal: AbortSignal): Promise<readonly ControlledNode[]>;
  /** Removes a node, and frees its name; one that is gone is no failure. */
  removeNode(id: string, signal: AbortSignal): Promise<void>;
}
