import { Agent, request } from 'node:http';

/** What little there is to a request with node:http over a kept-alive unix socket, its JSON parsed. */
export interface NodeLoop {
  get(path: string): Promise<unknown>;
  close(): Promise<void>;
}

export function nodeLoop(socketPath: string, width: number): NodeLoop {
  const agent = new Agent({ keepAlive: true, maxSockets: width });
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        request({ socketPath, path, agent }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
        })
          .on('error', reject)
          .end();
      }),
    close: async () => agent.destroy(),
  };
}
