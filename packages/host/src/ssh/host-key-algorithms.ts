/** Public key algorithms of hosts, best first; SHA-1 signatures (`ssh-rsa`) are not among them. */
const hostKeyAlgorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

export type HostKeyAlgorithm = (typeof hostKeyAlgorithms)[number];

/** Those of the key types we know come first, for a host shows the first key that both sides speak of. */
export function hostKeyAlgorithmsFor(types: readonly string[]): HostKeyAlgorithm[] {
  const isKnown = (algorithm: string): boolean =>
    types.includes(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [
    ...hostKeyAlgorithms.filter((algorithm) => isKnown(algorithm)),
    ...hostKeyAlgorithms.filter((algorithm) => !isKnown(algorithm)),
  ];
}
