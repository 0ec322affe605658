/** Addresses under one name, for the rules of ACLs (`$name`); since the API extension `network_address_set`. */
export interface AddressSet {
  readonly name: string;
  readonly description: string;
  /** Addresses and ranges, e.g. `10.0.0.0/24`. */
  readonly addresses: readonly string[];
  readonly used_by: readonly string[] | null;
  readonly project: string;
}

/** What can be changed of an address set. */
export interface AddressSetChange {
  readonly addresses?: readonly string[] | undefined;
  readonly description?: string | undefined;
}

/** A new address set. */
export interface AddressSetCreate extends AddressSetChange {
  readonly name: string;
}
