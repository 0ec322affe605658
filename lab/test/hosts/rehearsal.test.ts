import { describe, expect, it } from 'vitest';
import { giteaIsThere } from '../gitea/there.ts';
import { tailnetPrograms } from '../../src/tailnet/programs.ts';
import { createNarrator } from '../../src/rehearse/narrator.ts';
import { type RehearsalResult, rehearse, type RehearseOptions } from '../../src/rehearse/rehearse.ts';

type Options = Pick<RehearseOptions, 'killAt' | 'undoAt' | 'rollback' | 'forge' | 'cuts' | 'full'>;

/** Rehearses, and expects all evidence to hold and the runner to have been killed so often. */
async function expectRehearsal(options: Options, kills: number): Promise<RehearsalResult> {
  const lines: string[] = [];
  const result = await rehearse({
    fresh: false,
    keep: false,
    ...options,
    narrator: createNarrator((line) => lines.push(line)),
    onEvidence: () => {},
    signal: AbortSignal.timeout(880_000),
  }).catch((error: unknown) => {
    throw new Error(`the rehearsal failed:\n${lines.slice(-40).join('')}`, { cause: error });
  });
  expect(result.evidence.filter(({ ok }) => !ok)).toEqual([]);
  expect(lines.filter((line) => line.includes('the runner was killed'))).toHaveLength(kills);
  expect(result).toMatchObject({ passed: true, phases: 5 });
  return result;
}

const tailnetIsThere = (await tailnetPrograms()) !== undefined;

describe('the whole cutover', () => {
  it('comes to the same evidence when the runner is killed in phases B and D and the network is cut, and can go back', async () => {
    const cuts = [
      { step: 'quiesce-old', between: ['runner', 'pi'], seconds: 4 },
      // The supervisor that waits for the grant cannot see it.
      { step: 'grant-ownership', between: ['new', 'forge'], seconds: 8 },
      { step: 'back-quiesce-new', between: ['runner', 'new'], seconds: 4 },
    ] as const;
    await expectRehearsal({ killAt: ['deploy', 'revoke-old'], rollback: true, cuts }, 2);
  }, 900_000);

  it.runIf(process.env['CUTOVER_SOAK'])(
    'is undone before its commit point, with the old rig already stopped, and then done after all',
    async () => {
      const { evidence } = await expectRehearsal({ killAt: [], undoAt: 'revoke-old' }, 1);
      expect(evidence.map((one) => one.evidence)).toContain('after the rollback: the new host is gone');
    },
    560_000,
  );

  it.runIf(process.env['CUTOVER_SOAK'] && giteaIsThere)(
    'stands on a real Gitea: its bot makes the repository, gives keys, takes them away and gives them back',
    async () => {
      const { evidence } = await expectRehearsal(
        { killAt: ['create-repository', 'revoke-old'], rollback: true, forge: 'gitea' },
        2,
      );
      expect(evidence.map((one) => one.evidence)).toContain("forge: the old host's keys are revoked");
    },
    560_000,
  );

  it.runIf(process.env['CUTOVER_SOAK'])(
    'stands on git alone: a person makes the repository, gives keys, takes them away and gives them back',
    async () => {
      await expectRehearsal({ killAt: ['authorize-target', 'revoke-old'], rollback: true, forge: 'git' }, 2);
    },
    560_000,
  );

  it.runIf(process.env['CUTOVER_SOAK'] && tailnetIsThere)(
    'gets through a real tailnet whose parts are killed in phases B, C and D, and back again',
    async () => {
      const cuts = [
        { step: 'deploy', killed: "the runner's proxy", seconds: 5 },
        { step: 'clone-repositories', killed: "the runner's proxy", seconds: 5 },
        { step: 'carry-ahead', killed: 'tailscaled on the new host', seconds: 1 },
        { step: 'release-ownership', killed: 'the control server', seconds: 120 },
        { step: 'quiesce-old', killed: "the runner's proxy", seconds: 5 },
        { step: 'start-new', killed: 'tailscaled on the new host', seconds: 1 },
        { step: 'back-sync', killed: "the runner's proxy", seconds: 5 },
      ] as const;
      await expectRehearsal({ killAt: [], rollback: true, full: true, cuts }, 0);
    },
    900_000,
  );
});
