/** The server (`GET /1.0`). */
export interface Server {
  readonly api_extensions: readonly string[];
  readonly api_status: string;
  readonly api_version: string;
  /** Whether the server knows the caller. */
  readonly auth: 'trusted' | 'untrusted';
  readonly auth_methods: readonly string[];
  readonly auth_user_name?: string;
  readonly auth_user_method?: string;
  readonly public: boolean;
  /** Only for a trusted caller. */
  readonly config?: Readonly<Record<string, string>>;
  readonly environment?: ServerEnvironment;
}

/** What the server is and runs on. */
export interface ServerEnvironment {
  readonly addresses: readonly string[];
  readonly architectures: readonly string[];
  readonly certificate: string;
  readonly certificate_fingerprint: string;
  readonly driver: string;
  readonly driver_version: string;
  readonly firewall: string;
  readonly kernel: string;
  readonly kernel_architecture: string;
  readonly kernel_features: Readonly<Record<string, string>>;
  readonly kernel_version: string;
  readonly os_name: string;
  readonly os_version: string;
  readonly project: string;
  readonly server: string;
  readonly server_clustered: boolean;
  readonly server_event_mode: string;
  readonly server_name: string;
  readonly server_pid: number;
  /** E.g. `6.0.4`. */
  readonly server_version: string;
  readonly storage: string;
  readonly storage_version: string;
}

/** Every configuration key that the server knows (`GET /1.0/metadata/configuration`), by entity (`instance`, `network-bridge`) and group. */
export interface MetadataConfiguration {
  readonly configs: Readonly<Record<string, Readonly<Record<string, MetadataConfigGroup>>>>;
}

/** The keys of one group, each in a map of its own. */
export interface MetadataConfigGroup {
  readonly keys: readonly Readonly<Record<string, MetadataConfigKey>>[];
}

/** What the server says of a configuration key. */
export interface MetadataConfigKey {
  readonly condition?: string;
  readonly scope?: string;
  readonly type: string;
  readonly defaultdesc?: string;
  readonly liveupdate?: string;
  readonly managed?: string;
  readonly shortdesc: string;
  readonly longdesc: string;
}
