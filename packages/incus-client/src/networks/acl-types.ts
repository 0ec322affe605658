/** A rule of a network ACL. Addresses and ports are lists in one string, e.g. `10.0.0.0/8,@internal` and `80,443`. */
export interface NetworkAclRule {
  readonly action: 'allow' | 'allow-stateless' | 'drop' | 'reject';
  readonly state: 'enabled' | 'disabled' | 'logged';
  readonly source?: string;
  readonly destination?: string;
  readonly protocol?: 'tcp' | 'udp' | 'icmp4' | 'icmp6' | '';
  readonly source_port?: string;
  readonly destination_port?: string;
  readonly icmp_type?: string;
  readonly icmp_code?: string;
  readonly description?: string;
}

/** A network ACL. */
export interface NetworkAcl {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly ingress: readonly NetworkAclRule[];
  readonly egress: readonly NetworkAclRule[];
  readonly used_by: readonly string[] | null;
  readonly project: string;
}

/** What can be changed of an ACL. */
export interface NetworkAclChange {
  readonly description?: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly ingress?: readonly NetworkAclRule[];
  readonly egress?: readonly NetworkAclRule[];
}

/** A new ACL. */
export interface NetworkAclCreate extends NetworkAclChange {
  readonly name: string;
}
