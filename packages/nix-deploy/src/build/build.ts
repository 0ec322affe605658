import { untilAborted } from '@cutover/foundation/until-aborted';
import type { Host } from '@cutover/host';
import * as z from 'zod';

import { NixError } from '../errors.ts';
import { buildArgv, derivationArgv, type NixOptions, realiseArgv } from '../nix/arguments.ts';
import { type NixEvent, runNix } from '../nix/run-nix.ts';
import { closureOf } from '../copy/closure.ts';
import { copyClosure } from '../copy/copy-closure.ts';
import type { Engine } from '../options.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';
import { rebuild } from './nixos-rebuild.ts';
import { installable, type Source } from '../source.ts';

export interface BuildOptions {
  readonly source: Source;
  readonly engine: Engine;
  /** Name of the configuration when the source has none. */
  readonly configuration: string;
  /** Where the flake is evaluated, and where it is built. */
  readonly evaluateOn: Host;
  readonly buildOn: Host;
  /** A link on the building host that keeps what was built from being collected. */
  readonly link: string | undefined;
  readonly privilegeOn: (host: Host) => Privilege;
  /** Where the derivation may be known already, as one of several that were evaluated together on `evaluateOn`. */
  readonly evaluated?: (() => Promise<string | undefined>) | undefined;
  readonly nixOptions?: NixOptions | undefined;
  readonly onEvent?: ((event: NixEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Evaluates and builds.
 *
 * @returns the store path of the system, on `buildOn`.
 * @throws {NixError}
 */
export async function build(options: BuildOptions): Promise<string> {
  const { source, evaluateOn, buildOn, link, privilegeOn, nixOptions, onEvent, signal } = options;
  if ('storePath' in source) return source.storePath;
  const privilege = privilegeOn(buildOn);
  if (options.engine === 'nixos-rebuild') {
    const folder = link === undefined ? undefined : `${link}-rebuild`;
    return await rebuild({ ...options, source, on: buildOn, folder, privilege });
  }
  const what = installable(source.flake, source.configuration ?? options.configuration);
  if (link !== undefined) await makeFolder(buildOn, link, privilege, signal);
  const known = await sharedDerivation(options);
  if (evaluateOn === buildOn && known === undefined) {
    const argv = asRoot(buildArgv(what, link, nixOptions), privilege);
    return outputOf(buildOn, await runNix(buildOn, argv, { step: 'build', onEvent, signal }));
  }
  const derivation = known ?? (await evaluate(what, options));
  if (evaluateOn !== buildOn) {
    const closure = await closureOf(evaluateOn, derivation, signal);
    await copyClosure(closure, { from: evaluateOn, to: buildOn, privilege, signal });
  }
  const built = await runNix(buildOn, asRoot(realiseArgv(derivation, link, nixOptions), privilege), {
    step: 'build',
    onEvent,
    signal,
  });
  const [path] = built.trim().split('\n');
  // With a root, nix-store prints the link; what it names is the path.
  const real = await buildOn.run(['readlink', '-f', path ?? '']);
  return real.stdout.trim();
}

/** What was evaluated together with others; `undefined` where that is not so, or where it was collected since. */
async function sharedDerivation({
  evaluated,
  evaluateOn,
  signal,
}: BuildOptions): Promise<string | undefined> {
  if (evaluated === undefined) return undefined;
  const derivation = await (signal === undefined ? evaluated() : untilAborted(signal, evaluated()));
  if (derivation === undefined) return undefined;
  const { exitCode } = await evaluateOn.run(['test', '-e', derivation], { reject: false, signal });
  return exitCode === 0 ? derivation : undefined;
}

/** @returns the derivation. */
async function evaluate(
  what: string,
  { evaluateOn, privilegeOn, nixOptions, signal }: BuildOptions,
): Promise<string> {
  const evaluated = await evaluateOn.run(
    asRoot(script('evaluate', 'exec "$@"', ...derivationArgv(what, nixOptions)), privilegeOn(evaluateOn)),
    { reject: false, signal },
  );
  if (evaluated.exitCode === 0) return evaluated.stdout.trim();
  throw new NixError('evaluate', evaluateOn.name, {
    exitCode: evaluated.exitCode,
    lastLines: evaluated.stderr.trimEnd().split('\n').slice(-20),
  });
}

const buildOutput = z.tuple([z.object({ outputs: z.object({ out: z.string() }) })]);

function outputOf(host: Host, json: string): string {
  const parsed = buildOutput.safeParse(JSON.parse(json));
  if (!parsed.success) {
    throw new NixError(
      'build',
      host.name,
      { exitCode: 0, lastLines: [`nix build answered ${json.slice(0, 200)}, which names no output`] },
      { cause: parsed.error },
    );
  }
  return parsed.data[0].outputs.out;
}

async function makeFolder(
  host: Host,
  link: string,
  privilege: Privilege,
  signal: AbortSignal | undefined,
): Promise<void> {
  const argv = script('folder', 'mkdir -p "$(dirname "$1")"', link);
  await host.run(asRoot(argv, privilege), { signal });
}
