import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { type GiteaPlaces, giteaFiles } from './settings.ts';

/** The API of a Gitea of the lab, by one token. */
export interface GiteaApi {
  /** @returns what it answers, parsed; `{}` where it answers with nothing. @throws it answers with an error. */
  call(method: string, path: string, body?: object): Promise<Record<string, unknown>>;
  isHealthy(): Promise<boolean>;
}

export function giteaApi({ places, token }: { places: GiteaPlaces; token: string }): GiteaApi {
  const { folder, address: host, port } = places;
  const ask = async (method: string, path: string, body?: object) => {
    const ca = await readFile(giteaFiles(folder).certificate);
    const headers = { authorization: `token ${token}`, 'content-type': 'application/json' };
    return new Promise<{ status: number; body: string }>((resolve, reject) => {
      const asked = request(
        { host, port, path, method, headers, ca, agent: false, timeout: 60_000 },
        (reply) =>
          text(reply).then((answer) => resolve({ status: reply.statusCode ?? 0, body: answer }), reject),
      );
      asked.on('error', reject);
      asked.on('timeout', () => asked.destroy(new Error(`Gitea did not answer ${method} ${path}`)));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  };
  return {
    async call(method, path, body) {
      const answer = await ask(method, `/api/v1${path}`, body);
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
      return answer.body === '' ? {} : JSON.parse(answer.body);
    },
    isHealthy: () =>
      ask('GET', '/api/healthz').then(
        ({ status }) => status === 200,
        () => false,
      ),
  };
}
