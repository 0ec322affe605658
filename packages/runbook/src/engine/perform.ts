import { setTimeout as sleep } from 'node:timers/promises';
import { isAbout, passGate, useGate } from '../gates/pass-gate.ts';
import { waitForPerson } from '../gates/wait-for-person.ts';
import type { StepCall } from '../journal/entry.ts';
import type { CheckResult } from './check-result.ts';
import { confirmClaim } from './confirm-claim.ts';
import type { StepContext } from './context.ts';
import { withDeadline } from './deadline.ts';
import { recordedError } from './recorded-error.ts';
import { VerificationError } from './errors.ts';
import { hashInputs } from './inputs.ts';
import { isUnsafe } from './is-unsafe.ts';
import type { Evidence } from './json.ts';
import { look } from './look.ts';
import { makeContext } from './make-context.ts';
import type { Outcome } from './outcome.ts';
import { isCurrent, record, recordOf, recordStep, type Session } from './session.ts';
import type { Step } from './step.ts';

/** How a step came to be verified. */
type How = 'applied' | 'satisfied' | 'recovered' | 'human';

/**
 * Brings one step from wherever an earlier run left it to `verified`: finds again what was started, looks, asks where
 * a gate stands, and only then acts; intent goes to the journal before the effect and evidence after it.
 */
export async function perform<World>(session: Session<World>, step: Step<World>): Promise<Outcome> {
  try {
    session.emit({ type: 'looking', list: session.list, step: step.id });
    return await new StepRun(session, step).perform();
  } catch (error) {
    if (session.draining.aborted) {
      return { result: 'interrupted', step: step.id, reason: 'interrupted', error };
    }
    throw error;
  }
}

/** One step in one run: the state that its attempts share. */
class StepRun<World> {
  readonly #session: Session<World>;
  readonly #step: Step<World>;
  #attempt: number;
  /** Whether an earlier attempt, of this run or another, began to change the world. */
  #begun: boolean;
  #attemptsHere = 0;

  constructor(session: Session<World>, step: Step<World>) {
    const known = recordOf(session, step);
    this.#session = session;
    this.#step = step;
    this.#attempt = known?.attempt ?? 0;
    this.#begun = known?.begun !== undefined;
  }

  async perform(): Promise<Outcome> {
    const known = recordOf(this.#session, this.#step);
    if (known?.status === 'applied' && isCurrent(this.#session.plan, this.#step.id, known)) {
      return (await this.#try('verify', () => this.#prove('recovered'))) ?? { result: 'ok' };
    }
    await this.#reattach(known?.operation);
    for (;;) {
      const outcome = this.#step.check === undefined ? await this.#runOnce() : await this.#reconcile();
      if (outcome !== 'again') return outcome;
    }
  }

  /** An operation that is over, or that its server no longer knows, is no failure: `check` says what it left. */
  async #reattach(operation: string | undefined): Promise<void> {
    if (operation === undefined || this.#step.reattach === undefined) return;
    const reattach = this.#step.reattach.bind(this.#step);
    await this.#try('reattach', () => this.#call('reattach', (context) => reattach(context, operation)));
  }

  /** Looks, and closes the gap between what is and what should be. */
  async #reconcile(): Promise<Outcome | 'again'> {
    // Together with the look: it costs no time of its own. A gate may take hours, so it is asked after that.
    const early = this.#step.gate === undefined ? confirmClaim(this.#session, this.#step) : undefined;
    const answer = await look(this.#session, this.#step, this.#attempt);
    const stopped = await this.#stopIfUnsafe(answer);
    if (stopped !== undefined) return stopped;
    if (answer.state === 'satisfied') {
      const how = this.#begun ? 'recovered' : 'satisfied';
      await this.#passCommitPoint();
      return (await this.#try('verify', () => this.#prove(how, answer.evidence))) ?? { result: 'ok' };
    }
    if (this.#step.gate?.kind === 'human') return this.#letPersonDoIt(answer);
    if (this.#step.apply === undefined) return this.#reportUnmet(answer);
    const held = await this.#askApproval(answer.evidence);
    return held ?? this.#act(answer, early);
  }

  /** For what cannot be checked: at most once, unless a person says again. */
  async #runOnce(): Promise<Outcome | 'again'> {
    const evidence: Evidence = { attempt: this.#attempt };
    if (this.#begun) {
      // What was applied to its end is done: only its proof is missing, and that is looked for again first.
      const applied = recordOf(this.#session, this.#step)?.applied === true;
      const unproven = applied ? await this.#try('verify', () => this.#prove('recovered')) : undefined;
      if (applied && unproven === undefined) return { result: 'ok' };
      if (unproven?.result === 'interrupted' || unproven?.result === 'unsafe') return unproven;
      const text =
        unproven === undefined
          ? 'it was started and did not end, and nothing can tell whether it was done'
          : `it was done to its end, and looking for what it did fails: ${unproven.reason ?? ''}`;
      const held = await passGate(this.#session, this.#step, this.#attempt, {
        kind: 'approval',
        text: `${this.#step.title}: ${text}. Do it again?`,
        evidence,
        timeout: this.#step.gate?.timeout ?? 15 * 60_000,
      });
      if (held !== undefined) return held;
    } else {
      const held = await this.#askApproval(evidence);
      if (held !== undefined) return held;
    }
    return this.#act({ state: 'absent', evidence });
  }

  async #askApproval(evidence: Evidence): Promise<Outcome | undefined> {
    const { gate, kind } = this.#step;
    if (gate?.kind !== 'approval') return undefined;
    // An approval is for one attempt. Its retries in this run are part of it; so is one that was cut off, if the world is
    // as it was shown, the gate's time is not over, and it can be taken back.
    if (this.#attemptsHere > 0) return undefined;
    const known = recordOf(this.#session, this.#step);
    const { hash: planHash } = this.#session.plan;
    const { directory, redactor } = this.#session;
    const now = {
      kind: 'approval',
      planHash,
      evidenceHash: hashInputs(redactor.value(evidence), directory.key),
    };
    const cutOff = known?.gate?.state === 'used' && known.cutOff && isAbout(known.gate, now);
    if (cutOff && kind !== 'irreversible') return undefined;
    return passGate(this.#session, this.#step, this.#attempt, {
      kind: 'approval',
      text: gate.question,
      evidence,
      timeout: gate.timeout,
    });
  }

  async #act(
    answer: CheckResult,
    confirmed = confirmClaim(this.#session, this.#step),
  ): Promise<Outcome | 'again'> {
    if (this.#session.draining.aborted)
      return { result: 'interrupted', step: this.#step.id, reason: 'interrupted' };
    const refused = await confirmed(this.#attempt);
    if (refused !== undefined) return refused;
    if (!(await useGate(this.#session, this.#step, this.#attempt))) return 'again';
    await this.#intend(answer);
    const failure = await this.#try('apply', async () => {
      await this.#apply();
      await recordStep(this.#session, this.#step, this.#attempt, { type: 'applied' });
    });
    const outcome = failure ?? (await this.#try('verify', () => this.#prove('applied')));
    if (outcome === undefined) return { result: 'ok' };
    // Done to its end, and nothing can tell what it did: no error of its proof makes it done a second time.
    const once = failure === undefined && this.#step.check === undefined;
    return !once && (await this.#maybeAgain(outcome)) ? 'again' : outcome;
  }

  /** From here on the world may have changed, whatever happens to this process. */
  async #intend(answer: CheckResult): Promise<void> {
    this.#attempt += 1;
    this.#attemptsHere += 1;
    this.#begun = true;
    const { state: found, evidence } = answer;
    await recordStep(this.#session, this.#step, this.#attempt, { type: 'intent', found, evidence });
    await this.#passCommitPoint();
  }

  /** It is passed also where another run, whose journal this is not, did what lies behind it. */
  async #passCommitPoint(): Promise<void> {
    const { commitPoint } = this.#step;
    if (commitPoint === undefined || this.#session.state.commits.has(commitPoint)) return;
    await recordStep(this.#session, this.#step, this.#attempt, { type: 'commit', point: commitPoint });
  }

  async #apply(): Promise<void> {
    const apply = this.#step.apply?.bind(this.#step);
    if (apply !== undefined) await this.#call('apply', apply);
  }

  async #letPersonDoIt(answer: CheckResult): Promise<Outcome> {
    const { gate } = this.#step;
    if (gate?.kind !== 'human') throw new TypeError(`step ${this.#step.id} has no human gate`);
    await this.#intend(answer);
    const failure = await this.#try('apply', () => this.#apply());
    if (failure !== undefined) return failure;
    const held = await waitForPerson(this.#session, this.#step, this.#attempt, gate, answer.evidence);
    return held ?? (await this.#try('verify', () => this.#prove('human'))) ?? { result: 'ok' };
  }

  /** Proves that the step is done, and records the evidence. */
  async #prove(how: How, seen?: Evidence): Promise<void> {
    const evidence = await this.#evidence(seen);
    await this.#endDowntime();
    await recordStep(this.#session, this.#step, this.#attempt, { type: 'verified', how, evidence });
  }

  /** A runner that was killed once all was back has not said so. */
  async #endDowntime(): Promise<void> {
    const { runbook, state } = this.#session;
    if (!state.isDown || runbook.downtimeEndsWith?.some(({ id }) => id === this.#step.id) !== true) return;
    await record(this.#session, { type: 'downtime', edge: 'ends' });
  }

  async #evidence(seen: Evidence | undefined): Promise<Evidence> {
    if (this.#step.verify !== undefined) return this.#call('verify', this.#step.verify.bind(this.#step));
    if (seen !== undefined) return seen;
    const answer = await look(this.#session, this.#step, this.#attempt);
    if (answer.state === 'satisfied') return answer.evidence;
    const why = 'reason' in answer ? `${answer.state} (${answer.reason})` : answer.state;
    throw new VerificationError(
      this.#step.id,
      `it was done, and a look afterwards says ${why}: ${facts(answer)}`,
      answer.state,
    );
  }

  /** Nothing but the world itself can make a step without `apply` so. */
  async #reportUnmet(answer: CheckResult): Promise<Outcome> {
    const what = `${this.#step.title}: ${answer.state}: ${facts(answer)}`;
    const error = new VerificationError(this.#step.id, what, answer.state);
    return this.#fail('check', error);
  }

  async #stopIfUnsafe(answer: CheckResult): Promise<Outcome | undefined> {
    if (answer.state !== 'unknown' && answer.state !== 'conflict') return undefined;
    await recordStep(this.#session, this.#step, this.#attempt, { type: 'stopped', ...answer });
    return { result: 'unsafe', step: this.#step.id, reason: `${answer.state}: ${answer.reason}` };
  }

  async #maybeAgain(outcome: Outcome): Promise<boolean> {
    const { retry } = this.#step;
    if (retry === undefined || this.#attemptsHere >= retry.attempts || !retry.when(outcome.error))
      return false;
    const delay = (retry.delay ?? 500) * 2 ** (this.#attemptsHere - 1);
    await sleep(delay * (0.5 + Math.random() / 2), undefined, { signal: this.#session.draining });
    return true;
  }

  #call<T>(call: StepCall, run: (context: StepContext<World>) => Promise<T>): Promise<T> {
    return withDeadline(this.#step, call, this.#session.signal, (signal) =>
      run(makeContext(this.#session, this.#step, this.#attempt, signal)),
    );
  }

  /** Runs a part of the step; its failure is recorded and becomes an outcome. */
  async #try(during: StepCall, part: () => Promise<unknown>): Promise<Outcome | undefined> {
    try {
      await part();
      return undefined;
    } catch (error) {
      return this.#fail(during, error);
    }
  }

  async #fail(during: StepCall, error: unknown): Promise<Outcome> {
    const recorded = recordedError(error);
    await recordStep(this.#session, this.#step, this.#attempt, { type: 'failed', during, error: recorded });
    if (this.#session.signal.aborted)
      return { result: 'interrupted', step: this.#step.id, reason: 'interrupted', error };
    return {
      result: isUnsafe(this.#session, error) ? 'unsafe' : 'failed',
      step: this.#step.id,
      reason: recorded.message,
      error,
    };
  }
}

function facts(answer: CheckResult): string {
  return JSON.stringify(answer.evidence);
}
