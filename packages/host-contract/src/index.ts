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
  HostOptionError,
  OutputLimitError,
} from './errors.ts';
export type { HostTransport, SpawnCommand, SpawnedCommand } from './transport.ts';
export { createHost } from './create-host.ts';
export { spawnOn } from './spawn-on.ts';
