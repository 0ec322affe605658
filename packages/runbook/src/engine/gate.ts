/**
 * Where the run stops for a person.
 *
 * `approval`: before `apply`, someone must approve. The approval is bound to the plan, to the evidence shown and to
 * this one opening of the gate.
 *
 * `human`: a person does the step. `apply`, if any, first prepares what they need; then the instructions are shown and
 * `check` is asked every `poll` milliseconds until it answers `satisfied`: what is there decides, not anyone's word.
 *
 * A gate that is not answered in time holds: nothing is assumed, the run ends with the exit code for "waiting at a
 * gate", and `resume` comes back to it.
 */
export type Gate<World> =
  | {
      readonly kind: 'approval';
      /** What is asked, e.g. `Stop the loops on pi and move them?` */
      readonly question: string;
      /** Milliseconds to wait for an answer. */
      readonly timeout: number;
    }
  | {
      readonly kind: 'human';
      /** What to do, exactly, in a few lines. */
      instructions(world: World): string;
      /** Milliseconds to wait for the person. */
      readonly timeout: number;
      /** Milliseconds between looks. Default 2000. */
      readonly poll?: number | undefined;
    };
