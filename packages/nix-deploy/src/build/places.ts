import { type Host, localHost } from '@cutover/host';

import type { Privilege } from '../target/script.ts';
import type { Target } from '../target/target.ts';

/** Where something happens: on the target, on this machine, or on another one. */
export type Place = 'target' | 'here' | Target;

/** Where a deploy evaluates and builds. Hosts that were opened for it are closed with it. */
export interface Places extends AsyncDisposable {
  readonly evaluateOn: Host;
  readonly buildOn: Host;
  /** What is built is in the target's store already. */
  readonly onTarget: boolean;
  /** How to become root on one of them: as on the target where it is the target, not at all elsewhere. */
  privilegeOn(host: Host): Privilege;
}

/** What of a deploy's settings says where. */
interface PlaceSettings {
  readonly buildOn: Place;
  /** Default: where it is built. */
  readonly evaluateOn?: Place | undefined;
  readonly sudo: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {TypeError} something is to happen on the target, which was left out. */
export async function openPlaces(target: Host | undefined, settings: PlaceSettings): Promise<Places> {
  const { buildOn, evaluateOn = buildOn, signal } = settings;
  const opened = new OpenedHosts();
  const open = async (place: Place): Promise<Host> => {
    if (place === 'target') {
      if (target === undefined) throw new TypeError('there is no target to build on yet');
      return target;
    }
    return opened.add(place === 'here' ? localHost() : await place.connect(signal));
  };
  const builder = await open(buildOn);
  try {
    return {
      evaluateOn: evaluateOn === buildOn ? builder : await open(evaluateOn),
      buildOn: builder,
      onTarget: buildOn === 'target',
      privilegeOn: (host) => ({ sudo: host === target && settings.sudo }),
      [Symbol.asyncDispose]: async () => await opened.close(),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

class OpenedHosts {
  readonly #hosts: Host[] = [];

  add(host: Host): Host {
    this.#hosts.push(host);
    return host;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#hosts.map(async (host) => await host[Symbol.asyncDispose]()));
  }
}
