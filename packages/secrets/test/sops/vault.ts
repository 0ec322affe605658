import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Vault extends AsyncDisposable {
  /** As a creation rule names its key. */
  readonly uri: string;
}

/** A server that speaks as much of Vault's transit engine as sops asks for; its ciphertext is the text backwards. */
export async function startVault(): Promise<Vault> {
  const backwards = (value: string): string => Array.from(value).toReversed().join('');
  const server = createServer((request, response) => {
    const answer = async (): Promise<object> => {
      const body = JSON.parse((await text(request)) || '{}') as { plaintext?: string; ciphertext?: string };
      if (body.plaintext !== undefined) return { ciphertext: `vault:v1:${backwards(body.plaintext)}` };
      if (body.ciphertext !== undefined)
        return { plaintext: backwards(body.ciphertext.replace('vault:v1:', '')) };
      return {};
    };
    void answer().then((data) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    uri: `http://127.0.0.1:${port}/v1/transit/keys/one`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
