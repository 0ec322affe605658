import { openLab } from '../src/index.ts';

/** Opens the lab once for all test files, which adopt it; without this the daemon would start and stop with each of them. */
export async function setup(): Promise<() => Promise<void>> {
  const lab = await openLab({ onProgress: (text) => process.stderr.write(`lab: ${text}\n`) });
  return async () => {
    await lab[Symbol.asyncDispose]();
  };
}
