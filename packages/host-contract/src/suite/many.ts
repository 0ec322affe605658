import { type ContractOptions, type ContractRunner, useFixture } from './fixture.ts';

export function manyContract(runner: ContractRunner, options: ContractOptions): void {
  const { describe, expect, it } = runner;
  describe('many commands', () => {
    const fixture = useFixture(runner, options);

    it('runs 50 at once without mixing them', async () => {
      const numbers = Array.from({ length: 50 }, (_, index) => String(index));
      const results = await Promise.all(
        numbers.map(async (number) =>
          fixture.host.run(['sh', '-c', 'cat; echo "$1" >&2', 'sh', number], { input: number }),
        ),
      );
      expect(results.map(({ stdout }) => stdout)).toEqual(numbers);
      expect(results.map(({ stderr }) => stderr.trim())).toEqual(numbers);
    });

    it(`runs ${options.soak === true ? 500 : 25} in a row`, async () => {
      for (let left = options.soak === true ? 500 : 25; left > 0; left -= 1) {
        expect((await fixture.host.run(['echo', String(left)])).stdout).toBe(`${left}\n`);
      }
    });
  });
}
