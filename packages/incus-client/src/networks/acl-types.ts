/** A rule of a network ACL. Addresses and ports are lists in one string, e.g. `10.0.0.0/8,@internal` and `80,443`. */
export interface NetworkAclRule {
  readonly action: 'allow' | 'allow-stateless' | 'drop' | 'reject';
  readonly state: 'enabled' | 'disabled' | 'logged';
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly protocol?: 'tcp' | 'udp' | 'icmp4' | 'icmp6' | '' | undefined;
  readonly source_port?: string | undefined;
  readonly destination_port?: string | undefined;
  readonly icmp_type?: string | undefined;
  readonly icmp_code?: string | undefined;
  readonly description?: string | undefined;
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
  readonly description?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly ingress?: readonly NetworkAclRule[] | undefined;
  readonly egress?: readonly NetworkAclRule[] | undefined;
}

/** A new ACL. */
export interface NetworkAclCreate extends NetworkAclChange {
  readonly name: string;
}
