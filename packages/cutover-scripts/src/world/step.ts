import { type StepFactory, stepFor } from '@cutover/runbook';
import type { World } from './world.ts';

/** Makes a step of a cutover; the type of its evidence comes from its own `check` or `verify`. */
export const step: StepFactory<World> = stepFor<World>();
