import { type Socket, connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A server as a proxy is asked for it. */
interface Destination {
  readonly host: string;
  readonly port: number;
}

/**
 * Opens a connection to `to` through a proxy: by CONNECT (RFC 9110) through an HTTP one, by SOCKS 5 (RFC 1928) through
 * another. What goes over it is TLS with the server itself: a proxy sees where to, and nothing else.
 *
 * @param timeout - milliseconds for all of it.
 */
export async function dialThrough(proxy: URL, to: Destination, timeout: number): Promise<Socket> {
  const socket = connectTo(proxy);
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeout} ms`)), timeout);
  try {
    await (proxy.protocol.startsWith('socks') ? socksConnect : httpConnect)(
      new Replies(socket, proxy),
      proxy,
      to,
    );
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function connectTo(proxy: URL): Socket {
  const host = proxy.hostname.replaceAll(/[[\]]/g, '');
  const port = Number(proxy.port || { 'http:': 80, 'https:': 443 }[proxy.protocol] || 1080);
  return proxy.protocol === 'https:'
    ? connectTls({ host, port, servername: isIP(host) === 0 ? host : '' })
    : connect({ host, port });
}

/** An error that says which proxy, but not the password in its address. */
function proxyError(proxy: URL, what: string, cause?: unknown): Error {
  return new Error(`the proxy ${proxy.protocol}//${proxy.host} ${what}`, { cause });
}

/** Reads just what is asked for: what comes after an answer is TLS already. */
class Replies {
  readonly #socket: Socket;
  readonly #proxy: URL;

  constructor(socket: Socket, proxy: URL) {
    this.#socket = socket;
    this.#proxy = proxy;
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  error(what: string): Error {
    return proxyError(this.#proxy, what);
  }

  /** Reads until `enough` says how many of the bytes are the answer; the rest is put back. */
  read(enough: (held: Buffer) => number | undefined): Promise<Buffer> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      let held: Buffer = Buffer.alloc(0);
      const readable = () => {
        for (let chunk: unknown = socket.read(); chunk instanceof Buffer; chunk = socket.read())
          held = Buffer.concat([held, chunk]);
        const length = enough(held);
        if (length === undefined || held.length < length) return;
        settle();
        if (held.length > length) socket.unshift(held.subarray(length));
        resolve(held.subarray(0, length));
      };
      const failed = (error?: Error) => {
        settle();
        reject(proxyError(this.#proxy, error === undefined ? 'hung up' : `failed: ${error.message}`, error));
      };
      const ended = () => failed();
      const settle = () =>
        socket.off('readable', readable).off('error', failed).off('end', ended).off('close', ended);
      socket.on('readable', readable).on('error', failed).on('end', ended).on('close', ended);
    });
  }

  bytes(count: number): Promise<Buffer> {
    return this.read(() => count);
  }
}

async function httpConnect(replies: Replies, proxy: URL, { host, port }: Destination): Promise<void> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const credentials =
    proxy.username === ''
      ? ''
      : `Proxy-Authorization: Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64')}\r\n`;
  replies.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`);
  const head = await replies.read((held) => {
    const end = held.indexOf('\r\n\r\n');
    return end === -1 ? undefined : end + 4;
  });
  const status = head.toString('latin1').split('\r\n')[0] ?? '';
  if (!/^HTTP\/1\.\d 2\d\d/.test(status))
    throw replies.error(`refused to connect to ${authority}: ${status}`);
}

/** RFC 1928, section 6. */
const socksRefusals = [
  'general failure',
  'not allowed by its rules',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'TTL expired',
  'command not supported',
  'address type not supported',
];

async function socksConnect(replies: Replies, proxy: URL, { host, port }: Destination): Promise<void> {
  const named = proxy.username !== '';
  replies.write(Buffer.from(named ? [5, 2, 0, 2] : [5, 1, 0]));
  const method = (await replies.bytes(2)).readUInt8(1);
  if (method === 2 && named) {
    const user = Buffer.from(decodeURIComponent(proxy.username));
    const password = Buffer.from(decodeURIComponent(proxy.password));
    replies.write(
      Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]),
    );
    if ((await replies.bytes(2)).readUInt8(1) !== 0) throw replies.error('refused the user and password');
  } else if (method !== 0) throw replies.error('asks for a user and password; give them in its address');
  const end = Buffer.alloc(2);
  end.writeUInt16BE(port);
  replies.write(Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(host), end]));
  const [, code = 1, , kind = 1] = await replies.bytes(4);
  if (code !== 0)
    throw replies.error(`did not connect to ${host}: ${socksRefusals[code - 1] ?? `code ${code}`}`);
  const length = kind === 4 ? 16 : kind === 3 ? (await replies.bytes(1)).readUInt8(0) : 4;
  await replies.bytes(length + 2);
}

function socksAddress(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([1, ...host.split('.').map(Number)]);
  // An IPv6 address goes as text: a proxy resolves it as it does a name.
  const name = Buffer.from(host);
  return Buffer.concat([Buffer.from([3, name.length]), name]);
}
