/** The machine's hardware (`GET /1.0/resources`), the parts that tools ask for; the daemon says more. */
export interface ServerResources {
  readonly cpu: {
    readonly architecture: string;
    readonly total: number;
    readonly sockets: readonly unknown[] | null;
  };
  /** Bytes. */
  readonly memory: { readonly total: number; readonly used: number };
  readonly storage: { readonly total: number; readonly disks: readonly unknown[] | null };
  readonly network: { readonly total: number; readonly cards: readonly unknown[] | null };
  readonly gpu: { readonly total: number; readonly cards: readonly unknown[] | null };
  readonly system: {
    readonly type: string;
    readonly vendor: string;
    readonly product: string;
    readonly uuid: string;
  };
}
