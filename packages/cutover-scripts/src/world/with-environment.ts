import type { Host } from '@cutover/host';

/** `host`, with `environment` added to every command's environment (never a place for secrets). */
export function withEnvironment(host: Host, environment: Readonly<Record<string, string>>): Host {
  return {
    name: host.name,
    run: (argv, options) => host.run(argv, { ...options, env: { ...environment, ...options?.env } }),
    stream: (argv, options) => host.stream(argv, { ...options, env: { ...environment, ...options?.env } }),
    readFile: (path, options) => host.readFile(path, options),
    writeFile: (path, data, options) => host.writeFile(path, data, options),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}
