import type { TargetlessEvent } from '../events.ts';
import type { Settings } from '../options.ts';
import { type BuiltSystem, buildSystem } from './build-system.ts';

/** A build that was started before its target was asked anything. Disposing of it ends it, if it still runs. */
export interface SpeculativeBuild extends AsyncDisposable {
  readonly building: Promise<BuiltSystem>;
}

/**
 * Starts the build of a deploy that needs nothing of its target to know what to build and where: it takes longer than all
 * questions to the target, and changes nothing there.
 *
 * @returns `undefined` where it needs the target, or is shared with other targets.
 */
export function startSpeculativeBuild(
  settings: Settings,
  emit: (event: TargetlessEvent) => void,
): SpeculativeBuild | undefined {
  const { sharedBuilds, signal } = settings;
  const configuration = configurationWithoutTarget(settings);
  if (configuration === undefined || sharedBuilds !== undefined) return undefined;
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const building = buildSystem(undefined, configuration, { ...settings, signal: either }, emit);
  // Its failure is told where it is waited for.
  building.catch(() => undefined);
  return {
    building,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      const [ended] = await Promise.allSettled([building]);
      if (ended.status === 'fulfilled') await ended.value[Symbol.asyncDispose]();
    },
  };
}

/** The configuration of a target that needs not be asked what it is called, nor to build or evaluate anything. */
export function configurationWithoutTarget(settings: Settings): string | undefined {
  const { source, buildOn, evaluateOn = buildOn, expect } = settings;
  if (!('flake' in source) || buildOn === 'target' || evaluateOn === 'target') return undefined;
  return source.configuration ?? expect?.hostName;
}
