import { randomBytes, randomInt } from 'node:crypto';
import { SecretsError } from '../errors.ts';

/**
 * Shamir's secret sharing over GF(256) in the layout of HashiCorp Vault, which sops uses: each share is as long as
 * the secret, and one more byte holds its x coordinate.
 *
 * @param threshold - how many shares give the secret back, at least 2.
 */
export function splitShares(secret: Uint8Array, shares: number, threshold: number): Uint8Array[] {
  if (threshold < 2 || threshold > shares || shares > 255) {
    throw new SecretsError(
      'KEY_INVALID',
      `${shares} key groups with a threshold of ${threshold} are not possible`,
    );
  }
  const xs = distinctCoordinates(shares);
  const out = xs.map((x) => {
    const share = new Uint8Array(secret.length + 1);
    share[secret.length] = x;
    return share;
  });
  for (const [at, byte] of secret.entries()) {
    const coefficients = [byte, ...randomBytes(threshold - 1)];
    for (const [index, x] of xs.entries()) {
      const share = out[index];
      if (share !== undefined) share[at] = evaluate(coefficients, x);
    }
  }
  return out;
}

/**
 * The secret of shares.
 *
 * @throws {SecretsError} `DECRYPT_FAILED`: the shares are not of one secret.
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array {
  const length = (shares[0]?.length ?? 0) - 1;
  const xs = shares.map((share) => share[length] ?? 0);
  const sound = length > 0 && shares.every((share) => share.length === length + 1) && !xs.includes(0);
  if (!sound || new Set(xs).size !== xs.length) {
    throw new SecretsError('DECRYPT_FAILED', 'the shares of the data key do not fit together');
  }
  return Uint8Array.from({ length }, (_, at) =>
    interpolate(
      xs,
      shares.map((share) => share[at] ?? 0),
    ),
  );
}

function distinctCoordinates(count: number): number[] {
  const all = Array.from({ length: 255 }, (_, index) => index + 1);
  return Array.from({ length: count }, () => all.splice(randomInt(all.length), 1)[0] ?? 0);
}

function evaluate(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => multiply(sum, x) ^ coefficient, 0);
}

/** The value at 0 of the polynomial through the points. */
function interpolate(xs: readonly number[], ys: readonly number[]): number {
  let sum = 0;
  for (const [i, xi] of xs.entries()) {
    let basis = 1;
    for (const [j, xj] of xs.entries()) if (i !== j) basis = multiply(basis, divide(xj, xi ^ xj));
    sum ^= multiply(ys[i] ?? 0, basis);
  }
  return sum;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0, factor = a; bit < 8; bit++) {
    if ((b >>> bit) & 1) product ^= factor;
    factor = (factor << 1) ^ (factor & 0x80 ? 0x11b : 0);
  }
  return product & 0xff;
}

/** The inverse in GF(256) is the 254th power. */
function divide(a: number, b: number): number {
  let inverse = 1;
  for (let power = 0; power < 254; power++) inverse = multiply(inverse, b);
  return multiply(a, inverse);
}
