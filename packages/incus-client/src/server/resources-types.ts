/** The machine's hardware (`GET /1.0/resources`), or a cluster member's. Sizes are bytes. */
export interface ServerResources {
  readonly cpu: ResourcesCPU;
  readonly memory: ResourcesMemory;
  readonly gpu: ResourcesGPU;
  readonly network: ResourcesNetwork;
  readonly storage: ResourcesStorage;
  readonly usb: ResourcesUSB;
  readonly pci: ResourcesPCI;
  readonly system: ResourcesSystem;
  readonly load: ResourcesLoad;
}

/** Its processors. */
export interface ResourcesCPU {
  readonly architecture: string;
  readonly sockets: readonly ResourcesCPUSocket[] | null;
  readonly total: number;
}

/** One processor; frequencies in MHz. */
export interface ResourcesCPUSocket {
  readonly name?: string;
  readonly vendor?: string;
  readonly socket: number;
  readonly cache?: readonly ResourcesCPUCache[];
  readonly cores: readonly ResourcesCPUCore[] | null;
  readonly frequency?: number;
  readonly frequency_minimum?: number;
  readonly frequency_turbo?: number;
}

/** A cache of a processor. */
export interface ResourcesCPUCache {
  readonly level: number;
  readonly type: string;
  readonly size: number;
}

/** One core; its frequency in MHz. */
export interface ResourcesCPUCore {
  readonly core: number;
  readonly die: number;
  readonly threads: readonly ResourcesCPUThread[] | null;
  readonly frequency?: number;
  readonly flags: readonly string[] | null;
}

/** One thread, which an instance may be pinned to. */
export interface ResourcesCPUThread {
  readonly id: number;
  readonly numa_node: number;
  readonly thread: number;
  readonly online: boolean;
  readonly isolated: boolean;
}

/** Its graphics cards. */
export interface ResourcesGPU {
  readonly cards: readonly ResourcesGPUCard[] | null;
  readonly total: number;
}

/** One graphics card. */
export interface ResourcesGPUCard {
  readonly driver?: string;
  readonly driver_version?: string;
  readonly drm?: ResourcesGPUCardDRM;
  readonly sriov?: ResourcesGPUCardSRIOV;
  readonly nvidia?: ResourcesGPUCardNvidia;
  readonly mdev?: Readonly<Record<string, ResourcesGPUCardMdev>>;
  readonly numa_node: number;
  readonly pci_address?: string;
  readonly vendor?: string;
  readonly vendor_id?: string;
  readonly product?: string;
  readonly product_id?: string;
  readonly usb_address?: string;
}

/** The devices of a card. */
export interface ResourcesGPUCardDRM {
  readonly id: number;
  readonly card_name: string;
  readonly card_device: string;
  readonly control_name?: string;
  readonly control_device?: string;
  readonly render_name?: string;
  readonly render_device?: string;
}

/** The virtual functions of a card. */
export interface ResourcesGPUCardSRIOV {
  readonly current_vfs: number;
  readonly maximum_vfs: number;
  readonly vfs: readonly ResourcesGPUCard[] | null;
}

/** What NVIDIA says of a card. */
export interface ResourcesGPUCardNvidia {
  readonly cuda_version?: string;
  readonly nvrm_version?: string;
  readonly brand: string;
  readonly model: string;
  readonly uuid?: string;
  readonly architecture?: string;
  readonly card_name: string;
  readonly card_device: string;
}

/** A mediated device type of a card. */
export interface ResourcesGPUCardMdev {
  readonly api: string;
  readonly available: number;
  readonly name?: string;
  readonly description?: string;
  readonly devices: readonly string[] | null;
}

/** Its network cards. */
export interface ResourcesNetwork {
  readonly cards: readonly ResourcesNetworkCard[] | null;
  readonly total: number;
}

/** One network card. */
export interface ResourcesNetworkCard {
  readonly driver?: string;
  readonly driver_version?: string;
  readonly ports?: readonly ResourcesNetworkCardPort[];
  readonly sriov?: ResourcesNetworkCardSRIOV;
  readonly vdpa?: ResourcesNetworkCardVDPA;
  readonly numa_node: number;
  readonly pci_address?: string;
  readonly vendor?: string;
  readonly vendor_id?: string;
  readonly product?: string;
  readonly product_id?: string;
  readonly firmware_version?: string;
  readonly usb_address?: string;
}

/** One port of a card; its speed in Mbit/s. */
export interface ResourcesNetworkCardPort {
  readonly id: string;
  readonly address?: string;
  readonly port: number;
  readonly protocol: string;
  readonly supported_modes?: readonly string[];
  readonly supported_ports?: readonly string[];
  readonly port_type?: string;
  readonly transceiver_type?: string;
  readonly auto_negotiation: boolean;
  readonly link_detected: boolean;
  readonly link_speed?: number;
  readonly link_duplex?: string;
  readonly infiniband?: ResourcesNetworkCardPortInfiniband;
}

/** The Infiniband devices of a port. */
export interface ResourcesNetworkCardPortInfiniband {
  readonly issm_name?: string;
  readonly issm_device?: string;
  readonly mad_name?: string;
  readonly mad_device?: string;
  readonly verb_name?: string;
  readonly verb_device?: string;
}

/** The virtual functions of a card. */
export interface ResourcesNetworkCardSRIOV {
  readonly current_vfs: number;
  readonly maximum_vfs: number;
  readonly vfs: readonly ResourcesNetworkCard[] | null;
}

/** The vDPA device of a card. */
export interface ResourcesNetworkCardVDPA {
  readonly name: string;
  readonly device: string;
}

/** Its disks. */
export interface ResourcesStorage {
  readonly disks: readonly ResourcesStorageDisk[] | null;
  readonly total: number;
}

/** One disk. */
export interface ResourcesStorageDisk {
  readonly id: string;
  readonly device: string;
  readonly model?: string;
  readonly type?: string;
  readonly read_only: boolean;
  readonly size: number;
  readonly removable: boolean;
  readonly wwn?: string;
  readonly numa_node: number;
  readonly device_path?: string;
  readonly block_size: number;
  readonly firmware_version?: string;
  readonly rpm: number;
  readonly serial?: string;
  readonly device_id: string;
  readonly partitions: readonly ResourcesStorageDiskPartition[] | null;
  readonly pci_address?: string;
  readonly usb_address?: string;
}

/** One partition of a disk. */
export interface ResourcesStorageDiskPartition {
  readonly id: string;
  readonly device: string;
  readonly read_only: boolean;
  readonly size: number;
  readonly partition: number;
}

/** Its memory. */
export interface ResourcesMemory {
  readonly nodes?: readonly ResourcesMemoryNode[];
  readonly hugepages_total: number;
  readonly hugepages_used: number;
  readonly hugepages_size: number;
  readonly used: number;
  readonly total: number;
}

/** The memory of one NUMA node. */
export interface ResourcesMemoryNode {
  readonly numa_node: number;
  readonly hugepages_used: number;
  readonly hugepages_total: number;
  readonly used: number;
  readonly total: number;
}

/** Its USB devices. */
export interface ResourcesUSB {
  readonly devices: readonly ResourcesUSBDevice[] | null;
  readonly total: number;
}

/** One USB device; its speed in Mbit/s. */
export interface ResourcesUSBDevice {
  readonly bus_address: number;
  readonly device_address: number;
  readonly serial: string;
  readonly interfaces: readonly ResourcesUSBDeviceInterface[] | null;
  readonly vendor: string;
  readonly vendor_id: string;
  readonly product: string;
  readonly product_id: string;
  readonly speed: number;
}

/** One interface of a USB device. */
export interface ResourcesUSBDeviceInterface {
  readonly class: string;
  readonly class_id: number;
  readonly driver: string;
  readonly driver_version: string;
  readonly number: number;
  readonly subclass: string;
  readonly subclass_id: number;
}

/** Its PCI devices. */
export interface ResourcesPCI {
  readonly devices: readonly ResourcesPCIDevice[] | null;
  readonly total: number;
}

/** One PCI device. */
export interface ResourcesPCIDevice {
  readonly driver: string;
  readonly driver_version: string;
  readonly numa_node: number;
  readonly pci_address: string;
  readonly vendor: string;
  readonly vendor_id: string;
  readonly product: string;
  readonly product_id: string;
  readonly iommu_group: number;
  readonly vpd: ResourcesPCIVPD;
}

/** The vital product data of a device. */
export interface ResourcesPCIVPD {
  readonly product_name?: string;
  readonly entries?: Readonly<Record<string, string>>;
}

/** The machine as its maker describes it. */
export interface ResourcesSystem {
  readonly uuid: string;
  readonly vendor: string;
  readonly product: string;
  readonly family: string;
  readonly version: string;
  readonly sku: string;
  readonly serial: string;
  readonly type: string;
  readonly firmware: ResourcesSystemFirmware | null;
  readonly chassis: ResourcesSystemChassis | null;
  readonly motherboard: ResourcesSystemMotherboard | null;
}

/** Its firmware. */
export interface ResourcesSystemFirmware {
  readonly vendor: string;
  readonly date: string;
  readonly version: string;
}

/** Its chassis. */
export interface ResourcesSystemChassis {
  readonly vendor: string;
  readonly type: string;
  readonly serial: string;
  readonly version: string;
}

/** Its motherboard. */
export interface ResourcesSystemMotherboard {
  readonly vendor: string;
  readonly product: string;
  readonly serial: string;
  readonly version: string;
}

/** Its load averages, and how many processes there are. */
export interface ResourcesLoad {
  readonly Average1Min: number;
  readonly Average5Min: number;
  readonly Average10Min: number;
  readonly Processes: number;
}
