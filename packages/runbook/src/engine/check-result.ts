import type { Evidence } from './json.ts';

/**
 * What a check of the world said. `absent`, `partial` and `satisfied` are facts that the engine acts on; `conflict`
 * (something that is not ours is in the way) and `unknown` (it cannot be told, for instance because a host does not
 * answer) stop the run. **Unknown never means absent.**
 */
export type CheckResult<Found extends Evidence = Evidence> =
  | { readonly state: 'satisfied'; readonly evidence: Found }
  | { readonly state: 'absent' | 'partial'; readonly evidence: Evidence }
  | { readonly state: 'conflict' | 'unknown'; readonly evidence: Evidence; readonly reason: string };

/**
 * The evidence of those results of a check that are `satisfied`: what later steps read of the step. Without the facts that
 * only other results of the same check have, which TypeScript adds as `fact?: never`.
 */
export type SatisfiedEvidence<Result extends CheckResult> = Result extends {
  readonly state: infer State;
  readonly evidence: infer Found extends Evidence;
}
  ? 'satisfied' extends State
    ? {
        [
          Fact in keyof Found as [Exclude<Found[Fact], undefined>] extends [never] ? never : Fact
        ]: Found[Fact];
      }
    : never
  : never;
