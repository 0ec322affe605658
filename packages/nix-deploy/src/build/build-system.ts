import type { Host } from '@cutover/host';

import { closureOf } from '../copy/closure.ts';
import type { TargetlessEvent } from '../events.ts';
import type { Settings } from '../options.ts';
import { partsOf } from '../target/parts.ts';
import { build } from './build.ts';
import { openPlaces } from './places.ts';
import { type Built, shareBuild } from './shared-builds.ts';

/** A system, and the host that has it; disposing of it closes that host, unless it is the target. */
export interface BuiltSystem extends Built, AsyncDisposable {
  readonly buildOn: Host;
}

/**
 * Builds where a deploy says, unless another target of its fleet had the same built.
 *
 * @param target may be left out where neither the evaluation nor the build is on it.
 * @param configuration its name, where the source has none.
 * @throws {NixError}
 */
export async function buildSystem(
  target: Host | undefined,
  configuration: string,
  settings: Settings,
  emit: (event: TargetlessEvent) => void,
): Promise<BuiltSystem> {
  const { source, engine, nixOptions, signal, targetPaths } = settings;
  const places = await openPlaces(target, settings);
  const { evaluateOn, buildOn, onTarget, privilegeOn } = places;
  if ('flake' in source) emit({ type: 'step', step: 'build' });
  // What one target of a fleet had built here is there for the next.
  const { evaluateOn: evaluated = settings.buildOn } = settings;
  const elsewhere = settings.buildOn === 'here' && evaluated === 'here' ? settings.sharedBuilds : undefined;
  const begin = async (): Promise<Built> => {
    const system = await build({
      source,
      engine,
      configuration,
      evaluateOn,
      buildOn,
      // What was built on the target stays there until the next build for this profile.
      link: onTarget
        ? `${targetPaths.state}/roots/${targetPaths.profile.split('/').at(-1) ?? 'system'}`
        : undefined,
      privilegeOn,
      evaluated: evaluatedTogether(settings, configuration),
      nixOptions,
      onEvent: emit,
      signal,
    });
    // A system that was built before may not be there, and the closure of nothing tells less.
    const parts = onTarget || 'storePath' in source ? await partsOf(buildOn, system, signal) : undefined;
    const closure = onTarget ? undefined : await closureOf(buildOn, system, signal);
    return {
      system,
      closure,
      parts: parts ?? closure?.parts ?? [],
      exports: elsewhere === undefined ? undefined : new Map(),
    };
  };
  const key = JSON.stringify([source, engine, configuration, nixOptions]);
  try {
    const built = await shareBuild(elsewhere, key, begin);
    emit({ type: 'built', system: built.system });
    return { ...built, buildOn, [Symbol.asyncDispose]: () => places[Symbol.asyncDispose]() };
  } catch (error) {
    await places[Symbol.asyncDispose]();
    throw error;
  }
}

/** Asks those that the fleet evaluates together, where this one is evaluated here. */
function evaluatedTogether(
  { source, sharedEvaluations: shared, evaluateOn, buildOn, nixOptions }: Settings,
  configuration: string,
): (() => Promise<string | undefined>) | undefined {
  if (shared === undefined || !('flake' in source) || (evaluateOn ?? buildOn) !== 'here') return undefined;
  const name = source.configuration ?? configuration;
  return async () => await shared.derivationOf({ flake: source.flake, configuration: name, nixOptions });
}
