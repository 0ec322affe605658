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
export { localHost, type LocalHostOptions } from './local/local-host.ts';
