import { IncusApiError, type IncusClient, type NetworkCreate } from '@cutover/incus-client';

const attempts = 5;

export async function createNetwork(client: IncusClient, network: NetworkCreate): Promise<void> {
  await whileInterfacesGo(() => client.networks.create(network));
}

export async function deleteNetwork(client: IncusClient, name: string): Promise<void> {
  await whileInterfacesGo(async () => {
    try {
      await client.networks.delete(name);
    } catch (error) {
      // It is, where the attempt before came so far.
      if (!(error instanceof IncusApiError && error.code === 'NOT_FOUND')) throw error;
    }
  });
}

/**
 * The daemon looks at every interface of this machine first, and gives up where one goes away under it, as those of instances
 * that end do (6.0.4): then it is asked again.
 */
async function whileInterfacesGo(ask: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const gone =
        error instanceof Error && /Device "\S+" does not exist|no such device/i.test(error.message);
      if (attempt === attempts || !gone) throw error;
    }
  }
}
