import { Turns } from '../../concurrency/turns.ts';
import { loadRigConfig } from '../../config/load-rig-config.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import type { ReloadReport } from '../../control/requests.ts';
import { RequestRefusedError } from '../../errors.ts';
import type { RigEventBody } from '../../events/rig-event.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { LoopKeeper } from '../keeping/loop-keeper.ts';
import { compareConfigs, type ConfigChanges, fixedKeys, startFingerprint } from './compare-configs.ts';

/** Applies an edited config file to a rig while it runs. */
export class ConfigReload {
  readonly #live: RigConfig;
  readonly #store: RigStore;
  readonly #keeper: LoopKeeper;
  readonly #emit: (event: RigEventBody) => void;
  readonly #turns = new Turns();

  /** @param live the config that all parts of the supervisor read from: its content is replaced. */
  constructor(live: RigConfig, store: RigStore, keeper: LoopKeeper, emit: (event: RigEventBody) => void) {
    this.#live = live;
    this.#store = store;
    this.#keeper = keeper;
    this.#emit = emit;
  }

  /**
   * Reads the file again and applies it: new loops start, agents that were started with other words start again, and
   * those of loops that are gone run on as orphans. With a mistake in the file nothing changes.
   *
   * @param dryRun only say what would change.
   * @throws {ConfigError} the file cannot be used.
   * @throws {RequestRefusedError} `RELOAD_REFUSED`: it changes what only a new supervisor can take up.
   */
  async reload(dryRun: boolean): Promise<ReloadReport> {
    return this.#turns.take('reload', async () => {
      try {
        return await this.#apply(dryRun);
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        if (!dryRun) this.#emit({ type: 'reload-failed', detail });
        throw error;
      }
    });
  }

  async #apply(dryRun: boolean): Promise<ReloadReport> {
    const next = await loadRigConfig(this.#live.path);
    const changes = compareConfigs(this.#live, next);
    requireSamePlace(next, changes);
    const edited = next.loops.filter(({ name }) => this.#isEdited(name, changes, next));
    const outdated = next.loops.filter((loop) => this.#isOutdated(loop, next, edited));
    const leaving = changes.removed.flatMap((name) => {
      const { pid } = this.#keeper.runtime(name);
      return pid === undefined ? [] : [{ name, pid }];
    });
    const report = { ...changes, restarted: outdated.map(({ name }) => name) };
    if (dryRun) return { ...report, orphans: [...this.#orphans(next), ...leaving] };
    await this.#keeper.reconfigure(() => {
      replaceContent(this.#live, next);
      for (const name of changes.removed) this.#keeper.forget(name);
      for (const { name } of edited) this.#giveAnotherTry(name);
    });
    await Promise.all(
      outdated.map((loop) => this.#keeper.stop(loop, 'its config changed', { only: 'agent' })),
    );
    await this.#store.save();
    await this.#keeper.reconcile();
    this.#emit({ type: 'reloaded', ...report });
    return { ...report, orphans: this.#orphans(next) };
  }

  /** Whether what it is started with is another than before. */
  #isEdited(name: string, { added }: ConfigChanges, next: RigConfig): boolean {
    const [before, after] = [this.#live, next].map((config) => {
      const loop = config.loops.find((one) => one.name === name);
      return loop === undefined ? undefined : startFingerprint(config, loop);
    });
    return !added.includes(name) && before !== after;
  }

  /** Whether its agent runs, and was started with another config; it may have been started before this supervisor was. */
  #isOutdated(loop: LoopConfig, next: RigConfig, edited: readonly LoopConfig[]): boolean {
    if (!this.#keeper.runs(loop.name)) return false;
    const { startedAs } = this.#store.loop(loop.name);
    return startedAs === undefined ? edited.includes(loop) : startedAs !== startFingerprint(next, loop);
  }

  /** What kept it from running may be what was edited. */
  #giveAnotherTry(name: string): void {
    if (this.#store.loop(name).block?.reason === 'escalated') {
      this.#store.unblock(name);
      this.#emit({ type: 'unblocked', loop: name, reason: 'its config changed' });
    }
    this.#store.change(name, { recentRestarts: 0 });
    const runtime = this.#keeper.runtime(name);
    if (runtime.nextStartAt !== undefined) runtime.nextStartAt = 0;
    delete runtime.startProblem;
  }

  #orphans({ loops }: RigConfig): ReloadReport['orphans'] {
    return this.#keeper.orphans
      .filter(({ loop }) => !loops.some(({ name }) => name === loop))
      .map(({ loop: name, pid }) => ({ name, pid }));
  }
}

function requireSamePlace({ path }: RigConfig, { changed }: ConfigChanges): void {
  const fixed = changed.filter((key) => fixedKeys.some((one) => one === key));
  if (fixed.length === 0) return;
  const how =
    fixed.length === 1 && fixed[0] === 'ownership'
      ? 'end the supervisor, which leaves the agents running, and start it again (systemctl restart, or Ctrl-C and loops up)'
      : 'put the old values back, end the rig with loops down, edit, and begin with loops up';
  throw new RequestRefusedError(
    'RELOAD_REFUSED',
    `${path}: a running supervisor cannot change ${fixed.join(', ')}; nothing was changed; ${how}`,
  );
}

/** All who hold the config see the new one from here on. */
function replaceContent(live: RigConfig, next: RigConfig): void {
  const absent = Object.keys(live).filter((key) => !Object.hasOwn(next, key));
  Object.assign(live, Object.fromEntries(absent.map((key) => [key, undefined])), next);
}
