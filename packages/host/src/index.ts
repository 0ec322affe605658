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
  CommandTimeoutError,
  FileNotFoundError,
  FileRefusedError,
  HostConnectionError,
  HostError,
  type HostErrorCode,
  OutputLimitError,
} from './errors.ts';
