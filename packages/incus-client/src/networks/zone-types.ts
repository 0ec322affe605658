/** A DNS zone. */
export interface NetworkZone {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly used_by: readonly string[] | null;
  readonly project: string;
}

/** What can be changed of a zone. */
export interface NetworkZoneChange {
  readonly description?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
}

/** A new zone; its name is its domain. */
export interface NetworkZoneCreate extends NetworkZoneChange {
  readonly name: string;
}

/** A record of a zone. */
export interface NetworkZoneRecord {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly entries: readonly NetworkZoneEntry[] | null;
}

/** One line of a record. */
export interface NetworkZoneEntry {
  /** E.g. `A` or `TXT`. */
  readonly type: string;
  readonly value: string;
  /** Seconds. */
  readonly ttl?: number | undefined;
}

/** What can be changed of a record. */
export interface NetworkZoneRecordChange {
  readonly description?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly entries?: readonly NetworkZoneEntry[] | null | undefined;
}

/** A new record; its name is relative to the zone. */
export interface NetworkZoneRecordCreate extends NetworkZoneRecordChange {
  readonly name: string;
}
