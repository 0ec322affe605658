import { SecretsError } from '../../errors.ts';
import type { Scalar } from '../tree.ts';
import { formatFloatUpper } from '../go-number.ts';

/**
 * A scalar as sops writes it into dotenv and INI files, which have no types (`stores.ValToString`).
 *
 * @throws {SecretsError} `UNSUPPORTED`: it is no text.
 */
export function scalarText(value: Scalar): string {
  switch (value.type) {
    case 'str':
      return value.value;
    case 'bytes':
      throw new SecretsError('UNSUPPORTED', 'the value is not UTF-8 text');
    case 'int':
    case 'bool':
      return value.value.toString();
    case 'float':
      return formatFloatUpper(value.value);
    case 'time':
      return value.value.replace(/\.\d+/, '');
    default:
      return '<nil>';
  }
}
