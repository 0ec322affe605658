import type { Host } from '@cutover/host';

import { build } from '../build/build.ts';
import { configurationWithoutTarget } from '../build/speculative-build.ts';
import { openPlaces, type Places } from '../build/places.ts';
import { sizeOf } from '../copy/closure.ts';
import { missingPaths } from '../copy/missing-paths.ts';
import { NixError, PreflightError, type Problem } from '../errors.ts';
import { dryRunArgv, pathInfoArgv, rebuildArgv } from '../nix/arguments.ts';
import { parsePathInfo, type StorePath } from '../nix/path-info.ts';
import { type DeployOptions, resolveOptions, type Settings } from '../options.ts';
import { checkSpace } from '../preflight/check-space.ts';
import { connectionUnits } from '../preflight/connection-units.ts';
import { checkTarget } from '../preflight/check-target.ts';
import { requirementsOf } from '../preflight/requirements.ts';
import { installable } from '../source.ts';
import { openConnection } from '../target/connection.ts';
import { bootBytes, differingParts, partsOf } from '../target/parts.ts';
import { asRoot, script } from '../target/script.ts';
import { openSession } from '../target/session.ts';
import { specialised } from '../target/specialised.ts';
import type { Target } from '../target/target.ts';
import { type ClosureDifference, closureDifference } from './closure-difference.ts';
import { askDryActivate, plannedUnits, strandedBy, type UserUnits } from './activation-preview.ts';
import { disagreements } from './dry-activation.ts';
import { type DryRun, parseDryRun } from './dry-run.ts';
import { changedInhibitors } from './inhibitors.ts';
import type { UnitDifference } from './unit-difference.ts';

/** What a deploy would do, to be read before it is done. */
export interface Plan {
  readonly target: string;
  readonly action: Settings['action'];
  /** Reasons why a deploy would not begin. */
  readonly problems: readonly Problem[];
  /** What has to be built and fetched first; `undefined` for a store path. */
  readonly work: DryRun | undefined;
  /** The system that it would be; `undefined` when it was not to be built. */
  readonly system: string | undefined;
  readonly currentSystem: string | undefined;
  readonly generation: number | undefined;
  /** Runs and boots already: a deploy would do nothing. */
  readonly unchanged: boolean;
  /** What would be copied to the target; `undefined` when it is built there. */
  readonly copy: { readonly paths: readonly string[]; readonly bytes: number } | undefined;
  readonly closure: ClosureDifference | undefined;
  /** Units of mounts, by the lines of fstab, are among them. */
  readonly units: UnitDifference | undefined;
  /** The same for the units of each user whose manager runs; units that files of the user's own stand in for are not known. */
  readonly userUnits: readonly UserUnits[];
  /** Devices that are not swapped to any more. */
  readonly swapsOff: readonly string[];
  /**
   * Where it is built on the target: in what the new system's own `dry-activate` disagrees with `units`; empty where they
   * agree. `undefined`: it was not asked, or did not answer.
   */
  readonly disagreements: readonly string[] | undefined;
  /**
   * The names of parts whose change keeps the running system from switching (`system.switch.inhibitors`): it has to be
   * booted, or each of them overridden by name.
   */
  readonly inhibitors: readonly string[];
  /** The units among those stopped, restarted or reloaded that the connection may stand on: network, firewall, ways in. */
  readonly connection: readonly string[];
  /** The parts that differ from what booted, e.g. `kernel`; not empty: a reboot is needed. */
  readonly rebootFor: readonly string[];
}

/** The options of the deploy that is planned. */
export interface PlanOptions extends DeployOptions {
  /** Build it, which is needed to say more than what has to be built. Default `true`. */
  readonly build?: boolean | undefined;
}

/**
 * Says what a deploy would do. Builds, but neither copies nor activates anything.
 *
 * @example
 * const { problems, units, rebootFor } = await plan(target, {
 *   source: { flake: 'git+ssh://git@forge/machines.git', configuration: 'web' },
 * });
 */
export async function plan(target: Target, options: PlanOptions): Promise<Plan> {
  const settings = resolveOptions(options);
  const { signal, source, targetPaths: paths } = settings;
  await using early = startDryRun(settings);
  await using connection = await openConnection(target, signal);
  const { host } = connection;
  const session = await openSession(host, paths, settings, signal);
  const { facts } = session;
  // It has said all that is needed, and ends while the rest is asked.
  void Promise.allSettled([session[Symbol.asyncDispose]()]);
  await using places = await openPlaces(host, settings);
  const configuration = settings.expect?.hostName ?? facts.hostName;
  const work = await (early?.asking ?? dryRun(places, settings, configuration));
  const base = {
    target: target.name,
    action: settings.action,
    problems: checkTarget(facts, requirementsOf(settings), paths),
    work,
    currentSystem: facts.currentSystem,
    generation: facts.generation,
  };
  if (options.build === false) {
    return {
      ...base,
      system: undefined,
      unchanged: false,
      copy: undefined,
      closure: undefined,
      units: undefined,
      userUnits: [],
      swapsOff: [],
      connection: [],
      disagreements: undefined,
      inhibitors: [],
      rebootFor: [],
    };
  }
  const system = await build({
    source,
    engine: settings.engine,
    configuration,
    evaluateOn: places.evaluateOn,
    buildOn: places.buildOn,
    link: undefined,
    privilegeOn: places.privilegeOn,
    nixOptions: settings.nixOptions,
    onEvent: (event) => settings.onEvent?.({ ...event, target: target.name }),
    signal,
  });
  const parts = partsOf(places.buildOn, system, signal);
  // What was not built just now may not be there, and the others would tell less.
  if ('storePath' in source) await parts;
  await requireSpecialisation(places.buildOn, system, settings);
  const closure = pathInfo(places.buildOn, system, places, signal);
  const activated = specialised(system, settings.specialisation);
  const [after, before, missing, units, ownParts, inhibitors, real] = await Promise.all([
    closure,
    facts.currentSystem === undefined ? [] : pathInfo(host, facts.currentSystem, places, signal),
    places.onTarget ? undefined : missingIn(host, await closure, settings),
    plannedUnits(host, places.buildOn, facts, activated, settings),
    parts,
    changedInhibitors(host, places.buildOn, paths, activated, signal),
    places.onTarget && facts.root && facts.currentSystem !== activated
      ? askDryActivate(host, activated, settings)
      : undefined,
  ]);
  const { after: _after, users, swapsOff, ...changes } = units;

  const differing = differingParts(facts.bootedParts, ownParts);
  const copy =
    missing === undefined ? undefined : { paths: missing.map(({ path }) => path), bytes: sizeOf(missing) };
  const additions = {
    store: copy?.bytes ?? work?.unpacked,
    boot: settings.action === 'test' ? 0 : bootBytes(differing),
  };
  return {
    ...base,
    problems: [...base.problems, ...checkSpace(facts, additions, paths), ...strandedBy(units, settings)],
    system,
    unchanged:
      settings.specialisation === undefined &&
      facts.currentSystem === system &&
      facts.profileSystem === system,
    copy,
    closure: closureDifference(before, after),
    units: changes,
    userUnits: users,
    swapsOff,
    connection: connectionUnits([...units.stopped, ...units.restarted, ...units.reloaded]),
    disagreements: real && disagreements(changes, real),
    inhibitors: settings.action === 'boot' ? [] : inhibitors,
    rebootFor: differing.map(({ part }) => part),
  };
}

/** @throws {PreflightError} the system has none of that name; the message says which it has. */
async function requireSpecialisation(
  host: Host,
  system: string,
  { specialisation, signal }: Settings,
): Promise<void> {
  if (specialisation === undefined) return;
  const argv = script('specialisations', 'cd "$1/specialisation" 2> /dev/null && ls || :', system);
  const { stdout } = await host.run(argv, { signal });
  const known = stdout.split('\n').filter((name) => name !== '');
  if (known.includes(specialisation)) return;
  const message = `${system} has no specialisation ${specialisation}; it has ${known.join(' ') || 'none'}`;
  const fix = 'name one of these, or declare it in the configuration';
  throw new PreflightError(host.name, [{ check: 'no-specialisation', message, fix }]);
}

/** Where nothing of the target is needed for it, it is asked while the target is. Disposing of it ends it. */
function startDryRun(
  settings: Settings,
): ({ readonly asking: Promise<DryRun | undefined> } & AsyncDisposable) | undefined {
  const configuration = configurationWithoutTarget(settings);
  if (configuration === undefined) return undefined;
  const stop = new AbortController();
  const either =
    settings.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, settings.signal]);
  const ask = async (): Promise<DryRun | undefined> => {
    await using places = await openPlaces(undefined, { ...settings, signal: either });
    return await dryRun(places, { ...settings, signal: either }, configuration);
  };
  const asking = ask();
  // Its failure is told where it is waited for.
  asking.catch(() => undefined);
  return {
    asking,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.allSettled([asking]);
    },
  };
}

async function dryRun(
  { evaluateOn, privilegeOn }: Places,
  settings: Settings,
  configuration: string,
): Promise<DryRun | undefined> {
  const { source, nixOptions, signal } = settings;
  if (!('flake' in source)) return undefined;
  const name = source.configuration ?? configuration;
  const argv =
    settings.engine === 'nixos-rebuild'
      ? rebuildArgv('dry-build', source.flake, name, nixOptions)
      : dryRunArgv(installable(source.flake, name), nixOptions);
  const asked = asRoot(script('dry-run', 'exec "$@"', ...argv), privilegeOn(evaluateOn));
  const result = await evaluateOn.run(asked, { reject: false, signal });
  if (result.exitCode === 0) return parseDryRun(result.stderr);
  throw new NixError('evaluate', evaluateOn.name, {
    exitCode: result.exitCode,
    lastLines: result.stderr.trimEnd().split('\n').slice(-20),
  });
}

async function missingIn(
  host: Host,
  closure: readonly StorePath[],
  settings: Settings,
): Promise<readonly StorePath[]> {
  const paths = closure.map(({ path }) => path);
  const missing = new Set(
    await missingPaths(paths, { to: host, privilege: settings, signal: settings.signal }),
  );
  return closure.filter(({ path }) => missing.has(path));
}

async function pathInfo(
  host: Host,
  path: string,
  { privilegeOn }: Places,
  signal: AbortSignal | undefined,
): Promise<readonly StorePath[]> {
  const { stdout } = await host.run(
    asRoot(script('run', 'exec "$@"', ...pathInfoArgv(path)), privilegeOn(host)),
    { signal },
  );
  return parsePathInfo(stdout);
}
