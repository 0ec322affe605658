import type { Scalar } from './tree.ts';
import { formatFloat } from './go-number.ts';

/** The types that sops writes into `type:`. `bytes` is only ever read. */
export type ValueType = 'str' | 'int' | 'float' | 'bool' | 'time' | 'comment' | 'bytes';

/** The bytes of a value that are encrypted and that the MAC is over (sops's `ToBytes`). Null has none. */
export function plainBytes(value: Exclude<Scalar, { type: 'null' }>): Uint8Array {
  return value.type === 'bytes' ? value.value : Buffer.from(plainText(value), 'utf8');
}

function plainText(value: Exclude<Scalar, { type: 'null' | 'bytes' }>): string {
  switch (value.type) {
    case 'str':
    case 'time':
      return value.value;
    case 'int':
      return value.value.toString();
    case 'float':
      return formatFloat(value.value);
    default:
      return value.value ? 'True' : 'False';
  }
}
