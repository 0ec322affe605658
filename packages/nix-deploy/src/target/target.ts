import type { Host } from '@cutover/host';

/**
 * A machine that can be deployed to. `connect` makes a connection of its own each time it is called, for a
 * connection that stood before a switch proves nothing about the network after it.
 */
export interface Target {
  /** What to call it in messages and results. */
  readonly name: string;
  /** Opens a new connection; the deploy disposes of it. */
  connect(signal?: AbortSignal): Promise<Host>;
}

/**
 * A target on one `Host` that stays open and belongs to the caller: right where each command makes its own way
 * to the machine (an Incus instance, this machine), wrong for one ssh connection, which would confirm itself.
 *
 * @example
 * await using web = incusHost(incus, 'web');
 * await deploy(targetOf(web), { source: { flake: 'path:/etc/nixos', configuration: 'web' } });
 */
export function targetOf(host: Host): Target {
  return { name: host.name, connect: () => Promise.resolve(borrowed(host)) };
}

/** The same host, which survives its disposal. */
function borrowed(host: Host): Host {
  return {
    name: host.name,
    run: async (argv, options) => await host.run(argv, options),
    stream: (argv, options) => host.stream(argv, options),
    readFile: async (path, options) => await host.readFile(path, options),
    writeFile: async (path, data, options) => await host.writeFile(path, data, options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
