/** Who may do what with an instance or a project; since the API extension `instance_access` or `project_access`. */
export interface AccessEntry {
  /** E.g. the fingerprint of a certificate. */
  readonly identifier: string;
  readonly role: string;
  readonly provider: string;
}
