import { spawn } from 'node:child_process';
import { once } from 'node:events';
import ssh2 from 'ssh2';
import type { SshHostOptions } from '../../src/index.ts';

/**
 * An ssh server that runs commands until it is told to go down: from then on it refuses each, as an sshd without processes. As a
 * jump host it never says whether it reaches another.
 *
 * @param busy milliseconds from its first session on in which it grants none.
 * @param clearing it grants one session on a connection, and none for so many milliseconds after that has closed.
 */
export async function serverThatGoesDown({ busy = 0, clearing = -1 } = {}): Promise<
  AsyncDisposable & { readonly options: SshHostOptions; goDown(): void }
> {
  const [own, login] = [ssh2.utils.generateKeyPairSync('ed25519'), ssh2.utils.generateKeyPairSync('ed25519')];
  let down = false;
  let busyUntil: number | undefined;
  const server = new ssh2.Server({ hostKeys: [own.private] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context) =>
      context.method === 'publickey' ? context.accept() : context.reject(['publickey']),
    );
    client.on('tcpip', () => {});
    let freeAt = 0;
    client.on('session', (accept, refuse) => {
      busyUntil ??= performance.now() + busy;
      if (performance.now() < Math.max(busyUntil, freeAt)) return refuse();
      if (clearing >= 0) freeAt = Infinity;
      accept().on('exec', (acceptExec, reject, { command }) => {
        if (down) return reject();
        const channel = acceptExec();
        const child = spawn('sh', ['-c', command], { stdio: ['pipe', 'pipe', 'pipe'] });
        channel.pipe(child.stdin);
        child.stdin.on('error', () => {});
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.once('close', (code) => {
          channel.exit(code ?? 1);
          channel.end();
          if (clearing >= 0) freeAt = performance.now() + clearing;
        });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return {
    options: { host: '127.0.0.1', port, user: 'x', privateKey: login.private, hostKeys: [own.public] },
    goDown: () => {
      down = true;
    },
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
