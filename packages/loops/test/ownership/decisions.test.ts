import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeldOwnership, ReleasedOwnership } from '../../src/ownership/document.ts';
import { judgeOwnership } from '../../src/ownership/judge-ownership.ts';
import { LeaseClock } from '../../src/ownership/lease-clock.ts';
import { leaseTimes } from '../../src/ownership/lease.ts';
import { type GrantFacts, mayGrant } from '../../src/ownership/may-grant.ts';

const held = (owner: string, epoch: number): HeldOwnership => ({
  state: 'held',
  owner,
  epoch,
  run: 'r',
  lease: 600_000,
  commit: `c${epoch}`,
});
const released = (from: string, epoch: number): ReleasedOwnership => ({
  state: 'released',
  from,
  epoch,
  run: 'r',
  lease: 600_000,
  commit: `c${epoch}`,
});

describe('what an answer means for this host', () => {
  const judge = (...args: Parameters<typeof judgeOwnership>) => judgeOwnership(...args).state;

  it('is its turn only when the ref names it', () => {
    expect(judge(held('vm', 2), 'vm', undefined)).toBe('owner');
    expect(judge(held('pi', 2), 'vm', undefined)).toBe('not-owner');
    expect(judge(undefined, 'vm', undefined)).toBe('not-owner');
    expect(judge(released('pi', 2), 'vm', undefined)).toBe('not-owner');
  });

  it('is its last turn once it released', () => {
    expect(judge(released('vm', 3), 'vm', { epoch: 2, commit: 'c2' })).toBe('ownership-released');
  });

  it('is a hold when the ref is gone, lower, or another one of the same epoch', () => {
    const seen = { epoch: 3, commit: 'c3' };
    expect(judge(undefined, 'vm', seen)).toBe('ownership-regressed');
    expect(judge(held('vm', 2), 'vm', seen)).toBe('ownership-regressed');
    expect(judge({ ...held('vm', 3), commit: 'forked' }, 'vm', seen)).toBe('ownership-regressed');
    expect(judge(held('vm', 3), 'vm', seen)).toBe('owner');
  });
});

describe('the moments of a lease', () => {
  it('are before its end, in order, whatever the lease and the grace', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 86_400_000 }),
        fc.integer({ min: 0, max: 600_000 }),
        (lease, grace) => {
          const { stopAt, killAt, endsAt } = leaseTimes(1000, lease, grace);
          expect(endsAt).toBe(1000 + lease);
          expect(killAt).toBeLessThan(endsAt);
          expect(stopAt).toBeLessThan(killAt);
          expect(stopAt).toBeGreaterThan(1000);
        },
      ),
    );
  });

  it('leave the agents their grace, and the kill five seconds', () => {
    expect(leaseTimes(0, 600_000, 5000)).toEqual({ stopAt: 580_000, killAt: 595_000, endsAt: 600_000 });
  });
});

describe('the clock of a lease', () => {
  const made = () => {
    const at = { monotonic: 5000, uptime: 9000, wall: 1_700_000_000_000 };
    const clock = new LeaseClock({
      monotonic: () => at.monotonic,
      uptime: () => at.uptime,
      wall: () => at.wall,
    });
    const pass = (monotonic: number, uptime: number, wall: number): void => {
      at.monotonic += monotonic;
      at.uptime += uptime;
      at.wall += wall;
    };
    return { clock, pass };
  };

  it('counts suspend, and what either clock counts', () => {
    const { clock, pass } = made();
    pass(1000, 1000, 1000);
    expect(clock.now()).toBe(1000);
    pass(0, 600_000, 600_000);
    expect(clock.now()).toBe(601_000);
    pass(700_000, 0, 700_000);
    expect(clock.now()).toBe(701_000);
  });

  it('tells of a jump of the wall clock once, in either direction, and of no slow drift', () => {
    const { clock, pass } = made();
    pass(1000, 1000, 1100);
    expect(clock.wallJump()).toBe(0);
    pass(1000, 1000, 601_000);
    expect(clock.wallJump()).toBeGreaterThan(590_000);
    expect(clock.wallJump()).toBe(0);
    pass(1000, 1000, -599_000);
    expect(clock.wallJump()).toBeLessThan(-590_000);
  });
});

describe('whether a grant may be written', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  const word = {
    by: 'Ada',
    host: 'pi',
    how: 'power cut',
    plan: 'p',
    run: 'r',
    epoch: 7,
    lastAnswer: null,
    at: '2026-01-01T11:30:00Z',
  } as const;
  type Change = Partial<Omit<GrantFacts, 'last'>> & { last?: Partial<GrantFacts['last']> };
  const decide = ({ last, ...rest }: Change) =>
    mayGrant({
      to: 'vm',
      released: released('pi', 7),
      sinceRead: 0,
      plan: 'p',
      run: 'r',
      now,
      ...rest,
      last: {
        name: 'pi',
        stopped: false,
        supervised: true,
        answers: false,
        lastAnswer: null,
        key: 'revoked',
        instance: 'not asked',
        ...last,
      },
    });

  it('may when the last owner is proven stopped and its key is revoked, or cannot be', () => {
    expect(decide({ last: { stopped: true } })).toEqual({ may: true, ground: 'stopped', unfenced: false });
    expect(decide({ last: { stopped: true, key: 'cannot' } })).toMatchObject({ may: true, unfenced: true });
    expect(decide({ last: { stopped: true, key: 'valid' } })).toMatchObject({ may: false });
  });

  it('may when its lease has run out since a fresh read, its key is revoked and its instance is stopped', () => {
    expect(decide({ sinceRead: 599_999 })).toMatchObject({ may: false, waitMs: 1 });
    expect(decide({ sinceRead: 600_000 })).toMatchObject({ may: true, ground: 'lease' });
    expect(decide({ sinceRead: 600_000, last: { instance: 'stopped' } })).toMatchObject({ may: true });
    expect(decide({ sinceRead: 600_000, last: { instance: 'frozen' } })).toMatchObject({ may: false });
    expect(decide({ sinceRead: 600_000, last: { instance: 'running' } })).toMatchObject({ may: false });
    expect(decide({ sinceRead: 600_000, last: { key: 'cannot' } })).toMatchObject({ may: false });
    expect(decide({ sinceRead: 600_000, last: { key: 'cannot', instance: 'frozen' } })).toMatchObject({
      may: false,
    });
  });

  it('may without a fence when its lease has run out and Incus says that its instance is stopped', () => {
    const last = { key: 'cannot', instance: 'stopped' } as const;
    expect(decide({ sinceRead: 599_999, last })).toMatchObject({ may: false, waitMs: 1 });
    expect(decide({ sinceRead: 600_000, last })).toEqual({ may: true, ground: 'lease', unfenced: true });
    expect(decide({ sinceRead: 600_000, last: { ...last, key: 'valid' } })).toMatchObject({ may: false });
  });

  it('may on a person’s word only for a host without a supervisor, of this plan, run and epoch, for an hour', () => {
    const unsupervised = { supervised: false };
    expect(decide({ last: unsupervised, sinceRead: 1e9 })).toMatchObject({ may: false });
    expect(decide({ last: unsupervised, attestation: word })).toMatchObject({
      may: true,
      ground: 'attestation',
    });
    expect(decide({ attestation: word })).toMatchObject({ may: false });
    const void_: Change[] = [
      { last: { ...unsupervised, answers: true } },
      { last: { ...unsupervised, lastAnswer: '2026-01-01T11:31:00Z' } },
      { last: unsupervised, plan: 'another' },
      { last: unsupervised, run: 'another' },
      { last: unsupervised, released: released('pi', 9) },
      { last: unsupervised, now: now + 3_600_000 },
      { last: { ...unsupervised, name: 'other' } },
    ];
    for (const change of void_)
      expect(decide({ ...change, attestation: word })).toMatchObject({ may: false });
  });

  it('may on a word that was given in the same run just before its release, and in no other', () => {
    const last = { supervised: false };
    const attestation = { ...word, epoch: 6 };
    expect(decide({ last, attestation })).toMatchObject({ may: true, ground: 'attestation' });
    const another = { ...released('pi', 7), run: 'another' };
    expect(decide({ last, attestation, released: another })).toMatchObject({ may: false });
  });

  it('may always go back to the host that released it', () => {
    expect(decide({ to: 'pi', last: { key: 'valid', answers: true } })).toMatchObject({
      may: true,
      ground: 'returned',
    });
  });
});
