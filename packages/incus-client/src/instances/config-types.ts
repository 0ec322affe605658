/** Keys that people set on instances, for completion; any other key is as good. Values are always strings. */
export type InstanceConfigKey =
  | 'boot.autostart'
  | 'boot.autostart.delay'
  | 'boot.autostart.priority'
  | 'boot.host_shutdown_timeout'
  | 'boot.stop.priority'
  | 'cloud-init.network-config'
  | 'cloud-init.user-data'
  | 'cloud-init.vendor-data'
  | 'cluster.evacuate'
  | 'limits.cpu'
  | 'limits.cpu.allowance'
  | 'limits.cpu.priority'
  | 'limits.disk.priority'
  | 'limits.memory'
  | 'limits.memory.enforce'
  | 'limits.memory.swap'
  | 'limits.processes'
  | 'linux.kernel_modules'
  | 'migration.stateful'
  | 'nvidia.runtime'
  | 'raw.apparmor'
  | 'raw.idmap'
  | 'raw.lxc'
  | 'raw.qemu'
  | 'security.nesting'
  | 'security.privileged'
  | 'security.protection.delete'
  | 'security.secureboot'
  | 'security.syscalls.intercept.mknod'
  | 'security.syscalls.intercept.setxattr'
  | 'snapshots.expiry'
  | 'snapshots.pattern'
  | 'snapshots.schedule';

/** Configuration of an instance or profile: known keys complete, all keys are allowed, values are strings. */
export type InstanceConfig = Readonly<{ [Key in InstanceConfigKey]?: string } & Record<string, string>>;

/** A disk: a path of the host, a volume of a pool, or with `path: '/'` and `pool` the root disk. */
export type DiskDevice = Readonly<
  {
    type: 'disk';
    path?: string;
    pool?: string;
    source?: string;
    size?: string;
    readonly?: string;
    'boot.priority'?: string;
  } & Record<string, string>
>;

/** A network interface, on a managed `network` or by `nictype` and `parent`. */
export type NicDevice = Readonly<
  {
    type: 'nic';
    name?: string;
    network?: string;
    nictype?: string;
    parent?: string;
    hwaddr?: string;
    'ipv4.address'?: string;
    'ipv6.address'?: string;
  } & Record<string, string>
>;

/** A listener on one side connected to an address on the other, e.g. `tcp:127.0.0.1:80`. */
export type ProxyDevice = Readonly<
  { type: 'proxy'; listen: string; connect: string; bind?: 'host' | 'instance' } & Record<string, string>
>;

/** Any other device, e.g. `gpu`, `usb`, `tpm`, `unix-char`; `none` masks one of a profile. */
export type OtherDevice = Readonly<
  {
    type: 'none' | 'gpu' | 'usb' | 'tpm' | 'pci' | 'infiniband' | 'unix-char' | 'unix-block' | 'unix-hotplug';
  } & Record<string, string>
>;

/** One device of an instance or profile. */
export type Device = DiskDevice | NicDevice | ProxyDevice | OtherDevice;

/** Devices by name. */
export type Devices = Readonly<Record<string, Device>>;
