import { connect } from 'node:net';

const patience = 2_000;

/** The banner of the ssh server at `host`, or `undefined` while there is none to read. */
export function sshBanner(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect({ host, port, timeout: patience });
    let seen = '';
    const finish = (banner?: string) => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(banner);
    };
    const abort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      const banner = /^SSH-[^\r\n]+/m.exec(seen)?.[0];
      if (banner !== undefined && seen.includes('\n')) finish(banner);
    });
    socket.on('timeout', () => finish());
    socket.on('error', () => finish());
    socket.on('close', () => finish());
  });
}
