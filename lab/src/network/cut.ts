import { CommandError, type Host } from '@cutover/host';
import { incusHost } from '@cutover/incus-client';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import { newHostName } from '../rehearse/settings.ts';

/** Where the parts of a cutover are: the runner is this machine. */
export type Place = 'runner' | 'pi' | 'new' | 'forge';

/** Places whose end of a connection answers; the first of a pair that is here drops its packets. */
const answering: readonly Place[] = ['forge', 'new', 'pi'];

/**
 * Cuts the network between two places, until what is returned is disposed of: one of them drops every packet to the other, so
 * that connections that are open fall silent, and new ones get no answer.
 */
export async function cutNetwork(
  lab: Lab,
  hosts: LabHosts,
  between: readonly [Place, Place],
): Promise<AsyncDisposable> {
  const near = answering.find((place) => between.includes(place)) ?? 'forge';
  const far = between[0] === near ? between[1] : between[0];
  const host = hostOf(lab, hosts, near);
  const route = ['blackhole', `${await addressOf(lab, hosts, far)}/32`];
  await host.run(['ip', 'route', 'replace', ...route]);
  return {
    async [Symbol.asyncDispose]() {
      try {
        await host.run(['ip', 'route', 'del', ...route]);
      } catch (error) {
        // A reboot has taken it away.
        if (!(error instanceof CommandError && error.result.stderr.includes('No such process'))) throw error;
      }
    },
  };
}

function hostOf({ client, project }: Lab, { pi, forge }: LabHosts, place: Place): Host {
  if (place === 'new') return incusHost(client.project(project), newHostName);
  return place === 'pi' ? pi.host : forge.host;
}

async function addressOf({ client, project, subnet }: Lab, hosts: LabHosts, place: Place): Promise<string> {
  if (place === 'runner') return subnet.replace(/\.0\/24$/, '.1');
  if (place !== 'new') return hosts[place].address;
  const { network } = await client.project(project).instances.state(newHostName);
  const addresses = Object.values(network ?? {}).flatMap(({ addresses: found }) => found);
  const address = addresses.find(({ family, scope }) => family === 'inet' && scope === 'global')?.address;
  if (address === undefined) throw new Error(`${newHostName} has no address`);
  return address;
}
