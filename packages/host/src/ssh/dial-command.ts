import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

import { HostOptionError } from '@cutover/host-contract';

/** As OpenSSH refuses other names there, since 9.6. */
const plain = /^(?!-)[^\s\p{Control}'"`$\\;&<>|(){}]*$/u;

/**
 * What stands behind a command's standard input and output, as OpenSSH's ProxyCommand: `%h`, `%p`, `%r` and `%%` are host,
 * port, user and a percent sign. Its last words on stderr are the error when it fails. It has a process group of its own: a
 * Ctrl-C that this program handles is not one for its connection.
 *
 * @throws {HostOptionError} `sh` would take a part of the host's or the user's name for something else.
 */
export async function dialThroughCommand(
  name: string,
  command: string,
  { host, port, user }: { readonly host: string; readonly port: number; readonly user: string },
): Promise<Duplex> {
  const values: Readonly<Record<string, string>> = { h: host, n: host, p: String(port), r: user, '%': '%' };
  const line = command.replaceAll(/%(.)/g, (token, letter: string) => {
    const value = values[letter] ?? token;
    if (letter !== '%' && Object.hasOwn(values, letter) && !plain.test(value))
      throw new HostOptionError(name, 'proxy', `${JSON.stringify(value)} cannot stand in a shell's command`);
    return value;
  });
  const { createProcessGroup } = await import('../local/process-group.ts');
  const child = spawn('sh', ['-c', `exec ${line}`], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const group = child.pid === undefined ? undefined : createProcessGroup(child.pid);
  child.once('exit', () => group?.ended());
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-500);
  });
  child.stdin.on('error', () => undefined);
  const duplex = new Duplex({
    read: () => void child.stdout.resume(),
    // That it does not read is not the error to tell: why it ended is.
    write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, () => done()),
    final: (done) => {
      child.stdin.end();
      done();
    },
    destroy: (error, done) => {
      group?.kill('SIGTERM');
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (!duplex.push(chunk)) child.stdout.pause();
  });
  child.once('error', (error) => duplex.destroy(error));
  child.once('close', (code, signal) => {
    if (code === 0) duplex.push(null);
    else
      duplex.destroy(
        new Error(`the proxy command ended with ${signal ?? `exit code ${code}`}: ${said.trim()}`),
      );
  });
  return duplex;
}
