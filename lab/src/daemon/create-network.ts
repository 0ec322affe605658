import type { IncusClient, NetworkCreate } from '@cutover/incus-client';

/**
 * Makes a network. The daemon looks at every interface of this machine first, and gives up where one goes away under it, as
 * those of instances that end do (6.0.4): then it is asked again.
 */
export async function createNetwork(client: IncusClient, network: NetworkCreate): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.networks.create(network);
    } catch (error) {
      if (attempt === 5 || !(error instanceof Error && /Device "\S+" does not exist/.test(error.message)))
        throw error;
    }
  }
}
