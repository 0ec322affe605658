import { run } from './command/run.ts';
import { stream } from './command/stream.ts';
import { readFile } from './file/read-file.ts';
import { writeFile } from './file/write-file.ts';
import type { Host } from './host.ts';
import type { HostTransport } from './transport.ts';

/**
 * Builds a `Host` on a transport's `spawn`, for machines that are reached in another way than those of `@cutover/host`.
 *
 * @example
 * const host = createHost({
 *   name: 'serial',
 *   spawn: async (command) => await serial.start(command),
 * });
 * await host.run(['uptime']);
 */
export function createHost(transport: HostTransport): Host {
  let closed: Promise<void> | undefined;
  const host: Host = {
    name: transport.name,
    run: async (argv, options) => await run(transport, argv, options),
    stream: (argv, options) => stream(transport, argv, options),
    readFile: async (path, options) =>
      await readFile(
        { name: transport.name, run: async (...call) => await run(transport, ...call) },
        path,
        options,
      ),
    writeFile: async (path, data, options) => {
      await writeFile(host, path, data, options);
    },
    [Symbol.asyncDispose]: async () => {
      closed ??= transport.close?.() ?? Promise.resolve();
      await closed;
    },
  };
  return host;
}
