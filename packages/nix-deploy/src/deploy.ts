import type { Host } from '@cutover/host';

import { activate } from './activation/activate.ts';
import { askSwitch, onlyAsks } from './activation/ask-switch.ts';
import { type SpeculativeBuild, startSpeculativeBuild } from './build/speculative-build.ts';
import { buildSystem } from './build/build-system.ts';
import { sizeOf } from './copy/closure.ts';
import { copyClosure } from './copy/copy-closure.ts';
import { startReceiver } from './copy/receiver.ts';
import { verifySignatures } from './copy/verify-signatures.ts';
import { ActivationError, LockedError, PreflightError } from './errors.ts';
import type { TargetlessEvent } from './events.ts';
import { type CheckResult, runChecks } from './health/run-checks.ts';
import type { StorePath } from './nix/path-info.ts';
import { type DeployOptions, resolveOptions, type Settings } from './options.ts';
import { type Additions, checkSpace } from './preflight/check-space.ts';
import { checkTarget } from './preflight/check-target.ts';
import { requirementsOf } from './preflight/requirements.ts';
import { type Connection, openConnection } from './target/connection.ts';
import { lockHolderOf, type TargetFacts } from './target/facts.ts';
import { bootBytes, differingParts, type Part } from './target/parts.ts';
import { isActive } from './target/is-active.ts';
import { openSession } from './target/session.ts';
import type { Target } from './target/target.ts';

/** What a deploy that succeeded has done. */
export interface DeployResult {
  readonly target: string;
  readonly action: Settings['action'];
  /** Names the deploy: its unit was `nix-deploy-<id>`, its log is in the target's state directory. */
  readonly id: string;
  /** The store path of the system. */
  readonly system: string;
  /** The system that ran before, and the generation that was active. */
  readonly previous: string | undefined;
  readonly previousGeneration: number | undefined;
  /** `false`: it ran and booted already, and nothing was done. */
  readonly changed: boolean;
  /** The generation that boots now, where there is one. */
  readonly generation: number | undefined;
  /** Whether kernel, initrd, modules or kernel parameters differ from those that booted. */
  readonly rebootNeeded: boolean;
  /** All that switch-to-configuration wrote. */
  readonly log: string;
  readonly health: readonly CheckResult[];
  readonly warnings: readonly string[];
  /** Milliseconds. */
  readonly duration: number;
}

/**
 * Deploys a system to a target so that the target is never stranded: it watches over the change itself, and goes back to
 * exactly what ran before unless a fresh connection confirmed that it can be reached and is well.
 *
 * @throws {PreflightError} nothing was started; all reasons at once.
 * @throws {LockedError} another deploy is under way.
 * @throws {NixError} evaluation, build or copy failed; nothing was activated.
 * @throws {ActivationError} `restoration` says what runs now.
 * @throws {HostConnectionError} the target could not be reached before anything was started.
 *
 * @example
 * const target = { name: 'web', connect: async () => sshHost({ host: '10.0.0.7', user: 'root' }) };
 * const { generation, rebootNeeded } = await deploy(target, {
 *   source: { flake: 'git+ssh://git@forge/machines.git', configuration: 'web' },
 *   healthChecks: [{ type: 'units', units: ['nginx.service'] }],
 * });
 */
export async function deploy(target: Target, options: DeployOptions): Promise<DeployResult> {
  return await runDeploy(target, resolveOptions(options));
}

/** `deploy` with its options resolved. */
export async function runDeploy(target: Target, settings: Settings): Promise<DeployResult> {
  const began = performance.now();
  const emit = (event: TargetlessEvent): void => settings.onEvent?.({ ...event, target: target.name });
  emit({ type: 'step', step: 'connect' });
  await using speculative = startSpeculativeBuild(settings, emit);
  await using connection = await openConnection(target, settings.signal);

  emit({ type: 'step', step: 'preflight' });
  await using session = await openSession(connection.host, settings.targetPaths, settings, settings.signal);
  settings.onAnswer?.();
  const { facts } = session;
  preflight(target, facts, settings);
  if (!onlyAsks(settings)) await session.lock(settings.holder);

  const { system, parts } = await ensureOnTarget(connection.host, facts, settings, emit, speculative);
  const done = {
    target: target.name,
    action: settings.action,
    id: settings.id,
    system,
    previous: facts.currentSystem,
    previousGeneration: facts.generation,
  };
  const compared = { rebootNeeded: parts.length > 0 };
  if (onlyAsks(settings)) {
    const log = await askSwitch(connection.host, system, settings, emit);
    return {
      ...done,
      changed: false,
      generation: facts.generation,
      ...compared,
      log,
      health: [],
      warnings: [],
      duration: performance.now() - began,
    };
  }
  if (!settings.force && (await isActive(connection.host, facts, system, settings))) {
    const health = await checkUnchanged(target, connection, settings, emit);
    return {
      ...done,
      changed: false,
      generation: facts.generation,
      ...compared,
      log: '',
      health,
      warnings: [],
      duration: performance.now() - began,
    };
  }
  if (settings.action !== 'test') requireSpace(connection.host, facts, { boot: bootBytes(parts) }, settings);
  emit({ type: 'step', step: 'activate' });
  const result = await activate(target, connection, system, settings, emit);
  for (const message of result.warnings) emit({ type: 'warning', message });
  const { exitCode: _exitCode, ...rest } = result;
  return {
    ...done,
    changed: true,
    ...rest,
    generation: settings.action === 'test' ? facts.generation : result.generation,
    ...compared,
    duration: performance.now() - began,
  };
}

/** @throws {PreflightError} @throws {LockedError} */
function preflight(target: Target, facts: TargetFacts, settings: Settings): void {
  const problems = checkTarget(facts, requirementsOf(settings), settings.targetPaths);
  const holder = lockHolderOf(facts);
  // That alone passes by itself, and has an exit code of its own.
  if (holder !== undefined && problems.every(({ check }) => check === 'locked')) {
    throw new LockedError(target.name, holder);
  }
  if (problems.length > 0) throw new PreflightError(target.name, problems);
}

/** @throws {PreflightError} there is no room for what is about to be added. */
function requireSpace(host: Host, facts: TargetFacts, additions: Additions, { targetPaths }: Settings): void {
  const problems = checkSpace(facts, additions, targetPaths);
  if (problems.length > 0) throw new PreflightError(host.name, problems);
}

/** Builds, copies to the target what was built elsewhere, and compares it with what booted. */
async function ensureOnTarget(
  host: Host,
  facts: TargetFacts,
  settings: Settings,
  emit: (event: TargetlessEvent) => void,
  speculative: SpeculativeBuild | undefined,
): Promise<{ readonly system: string; readonly parts: readonly Part[] }> {
  const { signal, substitute, requireSignatures } = settings;
  const plainCopy = settings.buildOn !== 'target' && substitute !== true && requireSignatures !== true;
  await using receiver = plainCopy ? startReceiver(host, settings, signal) : undefined;
  await using built = await (speculative?.building ??
    buildSystem(host, settings.expect?.hostName ?? facts.hostName, settings, emit));
  const { system, closure, exports, buildOn } = built;
  let copied: readonly StorePath[] = [];
  if (closure !== undefined) {
    emit({ type: 'step', step: 'copy' });
    copied = await copyClosure(closure, {
      from: buildOn,
      to: host,
      privilege: settings,
      substitute,
      signed: requireSignatures,
      receiver,
      exports,
      admit: (missing) => requireSpace(host, facts, { store: sizeOf(missing) }, settings),
      onProgress: ({ paths, bytes }) => emit({ type: 'copy', paths, bytes }),
      signal,
    });
  }
  if (requireSignatures === true) await verifySignatures(host, system, copied, settings, signal);
  return { system, parts: differingParts(facts.bootedParts, built.parts) };
}

/** Nothing differs; what was to be healthy must be so nevertheless. */
async function checkUnchanged(
  target: Target,
  { host }: Connection,
  { healthChecks, confirmTimeout, signal }: Settings,
  emit: (event: TargetlessEvent) => void,
): Promise<readonly CheckResult[]> {
  const health = await runChecks(host, healthChecks, {
    deadline: performance.now() + confirmTimeout,
    signal,
    onResult: (result) => emit({ type: 'health', ...result }),
  });
  const failing = health.filter((check) => !check.ok);
  if (failing.length === 0) return health;
  throw new ActivationError(
    { code: 'HEALTH_CHECK_FAILED', step: 'health', target: target.name, log: '', restoration: 'untouched' },
    `${target.name} runs this system already, but ${failing.map((c) => `${c.check}: ${c.detail}`).join('; ')}`,
  );
}
