export {
  connectIncus,
  type ConnectOptions,
  type HttpsConnectOptions,
  type SocketConnectOptions,
} from './connect/connect-incus.ts';
export { type CertificateFacts, certificateFingerprint, describeCertificate } from './connect/certificate.ts';
export { type LocatedSocket, locateSocket } from './connect/locate-socket.ts';
export type { IncusClient, IncusScope } from './client.ts';
export type { CallOptions, RequestOptions, Tagged } from './scope.ts';
export { type Filter, filter } from './transport/filter.ts';
export type { ListOptions } from './transport/list-options.ts';
export {
  IncusApiError,
  IncusConnectionError,
  IncusError,
  type IncusErrorCode,
  MissingExtensionError,
  NotOursError,
  NotReadyError,
  OperationError,
  OperationLostError,
  WaitTimeoutError,
} from './errors.ts';
export { OperationRun, type WaitOptions } from './operations/operation-run.ts';
export type { OperationsArea } from './operations/operations.ts';
export type { Operation, OperationStatusCode } from './operations/types.ts';
export type {
  EventType,
  GapEvent,
  IncusEvent,
  LifecycleEvent,
  LoggingEvent,
  OperationEvent,
} from './events/types.ts';
export type { ServerArea } from './server/server.ts';
export type { Server, ServerEnvironment } from './server/types.ts';
export type { ProjectsArea } from './projects/projects.ts';
export type {
  Project,
  ProjectChange,
  ProjectConfig,
  ProjectConfigKey,
  ProjectCreate,
  ProjectResource,
  ProjectState,
} from './projects/types.ts';
export type { CertificatesArea } from './certificates/certificates.ts';
export type { Certificate, CertificateChange, CertificateCreate } from './certificates/types.ts';
export type { NetworksArea } from './networks/networks.ts';
export type {
  Network,
  NetworkChange,
  NetworkConfig,
  NetworkConfigKey,
  NetworkCreate,
  NetworkType,
} from './networks/types.ts';
export type { StoragePoolsArea } from './storage/storage-pools.ts';
export type {
  StoragePool,
  StoragePoolChange,
  StoragePoolCreate,
  StoragePoolResources,
} from './storage/types.ts';
export type { ProfilesArea } from './profiles/profiles.ts';
export type { Profile, ProfileChange, ProfileCreate } from './profiles/types.ts';
export type { ImagesArea, ImportOptions } from './images/images.ts';
export type {
  Image,
  ImageAlias,
  ImageAliasCreate,
  ImageAliasName,
  ImageChange,
  ImageUpdateSource,
} from './images/types.ts';
export type { ImageFile, ImageUpload } from './images/upload.ts';
export type { InstancesArea, StopOptions } from './instances/instances.ts';
export type {
  Device,
  Devices,
  DiskDevice,
  InstanceConfig,
  InstanceConfigKey,
  NicDevice,
  OtherDevice,
  ProxyDevice,
} from './instances/config-types.ts';
export type {
  Instance,
  InstanceAddress,
  InstanceBackup,
  InstanceChange,
  InstanceCreate,
  InstanceFull,
  InstanceSnapshot,
  InstanceSource,
  InstanceState,
  InstanceStateChange,
  InstanceStateDisk,
  InstanceStateMemory,
  InstanceStateNetwork,
  InstanceStatus,
  InstanceType,
} from './instances/types.ts';
export type { ExecArea } from './exec/area.ts';
export type { ExecOptions, ExecResult, ExecSession, TerminalSize } from './exec/types.ts';
export type { FileContent, FileReading, FilesArea } from './files/http-files.ts';
export type { FileAttributes, WriteFileAttributes } from './files/types.ts';
export type { Readiness, ReadyConditions } from './readiness/conditions.ts';
export { type WaitReadyOptions, waitReady } from './readiness/wait-ready.ts';
export { type EnsuredInstance, type Label, ensureAbsent, ensureInstance } from './ensure/ensure-instance.ts';
export { type IncusHostOptions, incusHost } from './host/incus-host.ts';
