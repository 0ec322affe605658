/** Who may approve gates. */
export interface Approvers {
  /**
   * A file of `ssh-keygen`'s allowed signers: `ada@example.org ssh-ed25519 AAAA…` a line. An approval counts when it is
   * signed by a key of the principal who gave it.
   */
  readonly allowedSigners: string;
}
