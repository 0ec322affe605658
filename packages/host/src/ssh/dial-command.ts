import { spawn } from 'node:child_process';
import { Duplex, PassThrough } from 'node:stream';

/**
 * What stands behind a command's standard input and output, as OpenSSH's ProxyCommand: `%h`, `%p`, `%r` and `%%` are host,
 * port, user and a percent sign. Its last words on stderr are the error when it fails.
 */
export function dialThroughCommand(
  command: string,
  { host, port, user }: { readonly host: string; readonly port: number; readonly user: string },
): Duplex {
  const values: Readonly<Record<string, string>> = { h: host, n: host, p: String(port), r: user, '%': '%' };
  const line = command.replaceAll(/%(.)/g, (token, letter: string) => values[letter] ?? token);
  const child = spawn('sh', ['-c', `exec ${line}`], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-500);
  });
  child.stdin.on('error', () => undefined);
  // Its end waits for the command's, which says why.
  const output = new PassThrough();
  child.stdout.pipe(output, { end: false });
  const duplex = Duplex.from({ readable: output, writable: child.stdin });
  duplex.once('close', () => child.kill());
  child.once('error', (error) => duplex.destroy(error));
  child.once('close', (code, signal) => {
    if (code === 0) output.end();
    else
      duplex.destroy(
        new Error(`the proxy command ended with ${signal ?? `exit code ${code}`}: ${said.trim()}`),
      );
  });
  return duplex;
}
