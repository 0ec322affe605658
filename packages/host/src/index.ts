export type {
  CommandExit,
  CommandOptions,
  CommandStream,
  Host,
  ReadFileOptions,
  RunOptions,
  RunResult,
  StreamOptions,
  WriteFileOptions,
} from './host.ts';
export {
  type ConnectionErrorCode,
  CommandAbortedError,
  CommandError,
  CommandRefusedError,
  CommandTimeoutError,
  FileNotFoundError,
  FileRefusedError,
  HostConnectionError,
  HostError,
  type HostErrorCode,
  OutputLimitError,
} from './errors.ts';
export type { HostTransport, SpawnCommand, SpawnedCommand } from './transport.ts';
export { createHost } from './create-host.ts';
export { asUser } from './as-user.ts';
export { localHost, type LocalHostOptions } from './local/local-host.ts';
export { sshHost } from './ssh/ssh-host.ts';
export type { Socks5Proxy, SshHostOptions } from './ssh/options.ts';
