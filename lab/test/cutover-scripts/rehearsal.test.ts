import { describe, expect, it } from 'vitest';
import { createNarrator } from '../../src/rehearse/narrator.ts';
import { rehearse } from '../../src/rehearse/rehearse.ts';

describe('the whole cutover', () => {
  it('comes to the same evidence when the runner is killed in phases B and D, and can go back', async () => {
    const lines: string[] = [];
    const { passed, evidence, phases } = await rehearse({
      fresh: false,
      keep: false,
      killAt: ['deploy', 'claim-epoch'],
      rollback: true,
      narrator: createNarrator((line) => lines.push(line)),
      onEvidence: () => {},
      signal: AbortSignal.timeout(540_000),
    }).catch((error: unknown) => {
      throw new Error(`the rehearsal failed:\n${lines.slice(-40).join('')}`, { cause: error });
    });
    expect(evidence.filter(({ ok }) => !ok)).toEqual([]);
    expect(lines.filter((line) => line.includes('the runner was killed'))).toHaveLength(2);
    expect(phases).toBe(5);
    expect(passed).toBe(true);
  }, 560_000);
});
