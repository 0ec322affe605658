import * as z from 'zod';

const milliseconds = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const bytes = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;

/** A duration such as `500ms`, `30s`, `5m`, `1h`; parsed to milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/, 'a duration is a number with ms, s, m, h or d, e.g. 30s')
  .transform((text) => {
    const [, amount = '0', unit = 'ms'] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
    return Math.round(Number(amount) * (isKey(milliseconds, unit) ? milliseconds[unit] : 1));
  });

/** A size such as `200M` or `1G` (powers of 1024); parsed to bytes. */
export const size = z
  .string()
  .regex(/^\d+[KMGT]?$/, 'a size is a whole number with K, M, G or T, e.g. 800M')
  .transform((text) => {
    const [, amount = '0', unit = ''] = /^(\d+)(\w?)$/.exec(text) ?? [];
    return Number(amount) * (isKey(bytes, unit) ? bytes[unit] : 1);
  });

function isKey<T extends object>(table: T, key: string | number | symbol): key is keyof T {
  return Object.hasOwn(table, key);
}
