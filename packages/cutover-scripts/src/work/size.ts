/** The mebibytes of a size like `2GiB` or `512MiB`. */
export function mebibytes(size: string): number {
  const [, amount = '', unit = ''] = /^(\d+)(MiB|GiB)$/.exec(size) ?? [];
  if (amount === '') throw new TypeError(`${size} is not a size like 2GiB`);
  return Number(amount) * (unit === 'GiB' ? 1024 : 1);
}
