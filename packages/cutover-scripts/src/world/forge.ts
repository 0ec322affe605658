import type { Check } from '../preflight/check.ts';
import type { Fence } from './fence.ts';

/** The git server: its repositories, and who may reach them. */
export interface Forge extends AsyncDisposable {
  /** What to call it, e.g. `git.example.org`. */
  readonly name: string;
  /** The environment that makes this machine's git reach it, host key or certificate verified. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  /** The git URL of a repository, for the hosts and for this machine; a whole URL is returned as it is. */
  url(repository: string): string;
  /** Has this machine's git share one connection from here on, where the downtime would pay for each new one. */
  keepWarm?(): Promise<void>;
  /** Whether it answers at all. */
  answers(signal: AbortSignal): Promise<boolean>;
  /** Makes a private repository, or finds it there. */
  createRepository(name: string, signal: AbortSignal): Promise<void>;
  /** Why a repository that is there cannot be used, where the forge knows more than git does. */
  whyUnusable?(repository: string, signal: AbortSignal): Promise<string | undefined>;
  /** Where a key is let in one by one, by the names of the config; absent: a key that is let in is so everywhere. */
  readonly keyedRepositories?: readonly string[];
  /** Who may push, and the way to take that from a host. */
  readonly fence: Fence;
  /** It has no API: a person makes repositories, gives keys and takes them away, and what a host can do is asked from there. */
  readonly byHand?: boolean | undefined;
  /** What is looked at beforehand, beside whether git can read the repositories. */
  readonly checks: readonly Check[];
}
