export type {
  CommandExit,
  CommandOptions,
  CommandStream,
  ConnectionErrorCode,
  Host,
  HostErrorCode,
  HostTransport,
  ReadFileOptions,
  RunOptions,
  RunResult,
  SpawnCommand,
  SpawnedCommand,
  StreamOptions,
  WriteFileOptions,
} from '@cutover/host-contract';
export {
  CommandAbortedError,
  CommandError,
  CommandRefusedError,
  CommandTimeoutError,
  createHost,
  FileNotFoundError,
  FileRefusedError,
  HostConnectionError,
  HostError,
  HostOptionError,
  OutputLimitError,
  spawnOn,
} from '@cutover/host-contract';
export { asUser } from './as-user.ts';
export { bootIdentity } from './boot-identity.ts';
export { localHost, type LocalHostOptions } from './local/local-host.ts';
export { quoteForDisplay } from './quote-for-display.ts';
export { type Destination, type ParsedDestination, parseDestination } from './ssh/destination.ts';
export { sshHost } from './ssh/ssh-host.ts';
export type { Socks5Proxy, SshHostOptions, SshQuestion } from './ssh/options.ts';
export type { Passphrase } from './ssh/private-key.ts';
