/** A DNS zone. */
export interface NetworkZone {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly used_by: readonly string[] | null;
  readonly project: string;
}

export interface NetworkZoneChange {
  readonly description?: string;
  readonly config?: Readonly<Record<string, string>>;
}

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

export interface NetworkZoneEntry {
  /** E.g. `A` or `TXT`. */
  readonly type: string;
  readonly value: string;
  /** Seconds. */
  readonly ttl?: number;
}

export interface NetworkZoneRecordChange {
  readonly description?: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly entries?: readonly NetworkZoneEntry[] | null;
}

export interface NetworkZoneRecordCreate extends NetworkZoneRecordChange {
  readonly name: string;
}
