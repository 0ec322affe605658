// A registry of our own on this machine, with nothing behind it: what is not published to it, it does not have.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolOf } from '../consumers/tools.mjs';

/** Kept out of the lockfile: it has more dependencies than all that this workspace needs. */
const verdaccio = {
  folder: 'verdaccio-v6.8.0',
  name: 'verdaccio',
  version: '6.8.0',
  file: join('bin', 'verdaccio'),
  // Its own wish is a tag, `cjs`, that not every mirror of npm's registry has.
  overrides: { 'node-fetch': '2.7.0' },
};

/**
 * Starts it on a free port of 127.0.0.1.
 *
 * @returns its address, `scoped(scope)` and `all()`, which are npm's settings (as environment variables) to publish to it and to
 * install from it, and `stop()`.
 */
export async function startRegistry() {
  const program = toolOf(verdaccio);
  const folder = mkdtempSync(join(tmpdir(), 'cutover-registry-'));
  const log = join(folder, 'log');
  const config = join(folder, 'config.json');
  const port = await freePort();
  writeFileSync(
    config,
    JSON.stringify({
      storage: join(folder, 'storage'),
      auth: { htpasswd: { file: join(folder, 'users') } },
      uplinks: {},
      packages: { '**': { access: '$all', publish: '$all' } },
      max_body_size: '100mb',
      web: { enable: false },
      log: { type: 'file', path: log, format: 'json', level: 'warn' },
    }),
  );
  const server = fork(program, ['--config', config, '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = once(server, 'exit');
  const stop = async () => {
    if (server.exitCode === null && server.signalCode === null) server.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const started = AbortSignal.timeout(60_000);
  const outcome = await Promise.race([
    once(server, 'message', { signal: started }),
    ended.then(() => 'it ended'),
  ]).catch((error) => error);
  if (!Array.isArray(outcome)) {
    const said = readFileSync(log, { encoding: 'utf8', flag: 'a+' });
    await stop();
    throw new Error(`verdaccio did not start: ${outcome}\n${said}`);
  }
  const url = `http://127.0.0.1:${port}/`;
  // npm publishes nothing without a token; this registry takes any.
  const token = { [`npm_config_//127.0.0.1:${port}/:_authToken`]: 'any' };
  return {
    url,
    scoped: (scope) => ({ ...token, [`npm_config_${scope}:registry`]: url }),
    all: () => ({ ...token, npm_config_registry: url }),
    stop,
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
