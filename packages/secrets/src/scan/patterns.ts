/** Something that looks like a secret. */
export interface SecretPattern {
  readonly name: string;
  readonly expression: RegExp;
}

/** What no git object should hold in plain text. Each is bounded, so that no input makes it slow. */
export const secretPatterns: readonly SecretPattern[] = [
  {
    name: 'private key (PEM)',
    expression: /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----\r?\n(?=[A-Za-z0-9+/=:\-, \r\n]{40})/,
  },
  { name: 'age identity', expression: /AGE-SECRET-KEY-(?:PQ-)?1[AC-HJ-NP-Z02-9]{50}/ },
  { name: 'tailscale key', expression: /tskey-[a-z]{2,16}-[A-Za-z0-9]{6,32}-[A-Za-z0-9]{16,64}/ },
  { name: 'GitHub token', expression: /\bgh[pousr]_[A-Za-z0-9]{36}/ },
  { name: 'GitLab token', expression: /\bglpat-[A-Za-z0-9_-]{20}/ },
  { name: 'AWS access key', expression: /\bAKIA[0-9A-Z]{16}\b/ },
  { name: 'Anthropic key', expression: /\bsk-ant-[A-Za-z0-9-]{20}/ },
];
