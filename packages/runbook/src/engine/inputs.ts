import { createHash, createHmac } from 'node:crypto';

/**
 * A secret among a step's inputs. The plan holds its keyed HMAC only (the key stays in the state directory),
 * so a changed secret changes the plan and an unchanged one reveals nothing.
 */
export class SecretInput {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The HMAC-SHA-256 of the value under `key`, in hex. */
  hmac(key: Uint8Array): string {
    return createHmac('sha256', key).update(this.#value).digest('hex');
  }

  /** `[secret]`, so that no JSON holds the value. */
  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

/** Marks a secret among the inputs of a step. */
export function secretInput(value: string): SecretInput {
  return new SecretInput(value);
}

/** What `Step.inputs` returns: JSON with secrets in it. `undefined` members are left out. */
export type Inputs =
  | null
  | undefined
  | boolean
  | number
  | string
  | SecretInput
  | readonly Inputs[]
  | { readonly [key: string]: Inputs };

/** The hash of `inputs`, in hex: the same for the same values in any order of keys. */
export function hashInputs(inputs: Inputs, key: Uint8Array): string {
  return createHash('sha256').update(canonical(inputs, key)).digest('hex');
}

/** JSON with sorted keys and secrets replaced: equal values give equal text. */
function canonical(value: Inputs, key: Uint8Array): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof SecretInput) return `{"hmac":"${value.hmac(key)}"}`;
  if (typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map((item) => canonical(item, key)).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member, key)}`);
  return `{${members.join(',')}}`;
}

function isList(value: object): value is readonly Inputs[] {
  return Array.isArray(value);
}
