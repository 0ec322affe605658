export {
  connectIncus,
  type ConnectOptions,
  type HttpsConnectOptions,
  type Passphrase,
  type SocketConnectOptions,
} from './connect/connect-incus.ts';
export {
  type CertificateFacts,
  certificateFingerprint,
  describeCertificate,
} from './certificates/certificate-facts.ts';
export {
  type CertificateOptions,
  type GeneratedCertificate,
  generateClientCertificate,
} from './connect/generate-certificate.ts';
export {
  type EnrolOptions,
  type Enrolment,
  type TrustToken,
  decodeTrustToken,
  enrol,
} from './connect/trust-token.ts';
export { type Remote, type Remotes, configFolder, readRemotes } from './connect/remote-config.ts';
export { type RemoteOptions, connectRemote } from './connect/remotes.ts';
export { type LocatedSocket, locateSocket } from './connect/locate-socket.ts';
export type { IncusClient, IncusScope } from './client.ts';
export type { CallOptions, Tagged } from './api/call-options.ts';
export type { RequestOptions } from './scope.ts';
export { type Filter, filter } from './api/filter.ts';
export type { ListOptions } from './api/list-options.ts';
export {
  type ApiErrorCode,
  type ConnectionErrorCode,
  FileError,
  type FileErrorCode,
  IncusApiError,
  IncusConnectionError,
  IncusError,
  type IncusErrorCode,
  MissingExtensionError,
  OperationError,
  type OperationErrorCode,
  OperationLostError,
  WaitTimeoutError,
} from './errors.ts';
export { OperationRun, type WaitOptions } from './follow/operation-run.ts';
export { type OperationProgress, operationProgress } from './operations/operation-progress.ts';
export type { OperationsArea } from './operations/operations.ts';
export type { Operation, OperationStatusCode } from './api/operation.ts';
export type {
  EventType,
  GapEvent,
  IncusEvent,
  LifecycleEvent,
  LifecycleEventMetadata,
  LoggingEvent,
  OperationEvent,
  Requestor,
} from './api/events.ts';
export type { EventsOptions } from './events/subscribe.ts';
export type { MatchOptions, NamedResources, RenamableResources } from './resource/named-resources.ts';
export type { ClusterArea, ClusterMembersArea } from './cluster/cluster.ts';
export type {
  Cluster,
  ClusterChange,
  ClusterGroup,
  ClusterGroupChange,
  ClusterGroupCreate,
  ClusterMember,
  ClusterMemberChange,
  ClusterMemberConfigKey,
  ClusterMemberState,
  ClusterMemberSysinfo,
} from './cluster/types.ts';
export type { Warning, WarningsArea } from './warnings/warnings.ts';
export type { ServerArea, ServerChange } from './server/server.ts';
export type {
  ServerResources,
  ResourcesCPU,
  ResourcesCPUSocket,
  ResourcesCPUCache,
  ResourcesCPUCore,
  ResourcesCPUThread,
  ResourcesGPU,
  ResourcesGPUCard,
  ResourcesGPUCardDRM,
  ResourcesGPUCardSRIOV,
  ResourcesGPUCardNvidia,
  ResourcesGPUCardMdev,
  ResourcesNetwork,
  ResourcesNetworkCard,
  ResourcesNetworkCardPort,
  ResourcesNetworkCardPortInfiniband,
  ResourcesNetworkCardSRIOV,
  ResourcesNetworkCardVDPA,
  ResourcesStorage,
  ResourcesStorageDisk,
  ResourcesStorageDiskPartition,
  ResourcesMemory,
  ResourcesMemoryNode,
  ResourcesUSB,
  ResourcesUSBDevice,
  ResourcesUSBDeviceInterface,
  ResourcesPCI,
  ResourcesPCIDevice,
  ResourcesPCIVPD,
  ResourcesSystem,
  ResourcesSystemFirmware,
  ResourcesSystemChassis,
  ResourcesSystemMotherboard,
  ResourcesLoad,
} from './server/resources-types.ts';
export type {
  MetadataConfigGroup,
  MetadataConfigKey,
  MetadataConfiguration,
  Server,
  ServerEnvironment,
} from './server/types.ts';
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
export type { TokenCreate } from './certificates/types.ts';
export type { CertificatesArea } from './certificates/certificates.ts';
export type { Certificate, CertificateChange, CertificateCreate } from './certificates/types.ts';
export type { AccessEntry } from './api/access.ts';
export type { AddressSet, AddressSetChange, AddressSetCreate } from './networks/address-set-types.ts';
export type {
  AllocationsOptions,
  NetworkAclsArea,
  NetworkZonesArea,
  NetworksArea,
} from './networks/networks.ts';
export type { NetworkAcl, NetworkAclChange, NetworkAclCreate, NetworkAclRule } from './networks/acl-types.ts';
export type {
  LoadBalancer,
  LoadBalancerBackend,
  LoadBalancerChange,
  LoadBalancerCreate,
  LoadBalancerPort,
  NetworkForward,
  NetworkForwardChange,
  NetworkForwardCreate,
  NetworkForwardPort,
  NetworkPeer,
  NetworkPeerChange,
  NetworkPeerCreate,
} from './networks/forward-types.ts';
export type {
  NetworkZone,
  NetworkZoneChange,
  NetworkZoneCreate,
  NetworkZoneEntry,
  NetworkZoneRecord,
  NetworkZoneRecordChange,
  NetworkZoneRecordCreate,
} from './networks/zone-types.ts';
export type {
  Network,
  NetworkChange,
  NetworkConfig,
  NetworkConfigKey,
  NetworkCreate,
  NetworkAllocation,
  NetworkLease,
  NetworkState,
  NetworkStateBond,
  NetworkStateBridge,
  NetworkStateOvn,
  NetworkStateVlan,
  NetworkType,
} from './networks/types.ts';
export type { BucketKeysArea, BucketsArea } from './storage/buckets.ts';
export type {
  Bucket,
  BucketChange,
  BucketCreate,
  BucketKey,
  BucketKeyChange,
  BucketKeyCreate,
} from './storage/bucket-types.ts';
export { type MigrateVolumeOptions, type VolumePlace, migrateVolume } from './migration/migrate-volume.ts';
export type { Backups } from './resource/backups.ts';
export type { VolumeBackupsArea } from './storage/volume-backups.ts';
export type { VolumeSnapshotsArea } from './storage/volume-snapshots.ts';
export type { VolumeCopyOptions, VolumeMatchOptions, VolumesArea } from './storage/volumes.ts';
export type { PullSource } from './api/pull-source.ts';
export type {
  Volume,
  VolumeBackup,
  VolumeBackupCreate,
  VolumeChange,
  VolumeCopySource,
  VolumeCreate,
  VolumePullSource,
  VolumeSnapshot,
  VolumeSnapshotChange,
  VolumeSnapshotCreate,
  VolumeSource,
  VolumeState,
  VolumeType,
} from './storage/volume-types.ts';
export type { StoragePoolsArea } from './storage/storage-pools.ts';
export type {
  StoragePool,
  StoragePoolChange,
  StoragePoolCreate,
  StoragePoolResources,
} from './storage/types.ts';
export type { ProfilesArea } from './profiles/profiles.ts';
export type { Profile, ProfileChange, ProfileCreate } from './profiles/types.ts';
export type { FetchOptions, ImagePart, ImageSource, ImageTarget } from './images/transfer.ts';
export type { ImagesArea, ImportOptions, PublishOptions } from './images/images.ts';
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
  InstanceStateCpu,
  InstanceStateDisk,
  InstanceStateMemory,
  InstanceStateNetwork,
  InstanceStateOsInfo,
  InstanceStatus,
  InstanceType,
} from './instances/types.ts';
export type { CopyOptions } from './instances/move.ts';
export { type MigrateOptions, migrateInstance } from './migration/migrate-instance.ts';
export type { RestoreOptions, SnapshotCreate, SnapshotsArea } from './instances/snapshots.ts';
export type { BackupTarget } from './api/backup-target.ts';
export type { BackupCreate, BackupsArea } from './instances/backups.ts';
export type {
  InstanceMetadata,
  InstanceTemplate,
  LogFiles,
  LogsArea,
  MetadataArea,
} from './instances/metadata.ts';
export type { ConsoleArea, ConsoleOptions, ConsoleSession } from './exec/console.ts';
export type { VgaOptions, VgaSession } from './exec/vga.ts';
export type { ExecArea } from './exec/area.ts';
export type { RecordOptions, RecordedExec } from './exec/record.ts';
export type { ExecOptions, ExecResult, ExecSession, TerminalSize } from './exec/types.ts';
export type { FileReading, FilesArea } from './files/http-files.ts';
export type { SftpAttributes } from './files/sftp/packets.ts';
export type { DirectoryEntry } from './files/sftp/calls.ts';
export type { SftpSession } from './files/sftp/session.ts';
export type { PullOptions, PushOptions } from './files/transfer.ts';
export type { FileAttributes, FileContent, PutFileOptions, WriteFileAttributes } from './files/types.ts';
export type { Readiness, ReadyConditions } from './readiness/conditions.ts';
export { NotReadyError } from './readiness/not-ready-error.ts';
export { type WaitReadyOptions, waitReady } from './readiness/wait-ready.ts';
export { NotOursError } from './ensure/not-ours-error.ts';
export { isRunning } from './instances/is-running.ts';
export { type EnsuredInstance, type Label, ensureAbsent, ensureInstance } from './ensure/ensure-instance.ts';
export { type IncusHostOptions, incusHost } from './host/incus-host.ts';
