/** What a journal line can hold: JSON, and nothing else. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Facts that were seen, by name: `{ generation: 42, toplevel: '/nix/store/…' }`. Never a secret. */
export type Evidence = { readonly [fact: string]: JsonValue };
