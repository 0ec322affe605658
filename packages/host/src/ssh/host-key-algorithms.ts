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

/**
 * Those of the key types we know come first, for a host shows the first key that both sides speak of.
 *
 * @param shown the types of the keys that it has shown, and that are not the right ones: these are not asked for again.
 */
export function hostKeyAlgorithmsFor(
  types: readonly string[],
  shown: readonly string[] = [],
): HostKeyAlgorithm[] {
  const left = hostKeyAlgorithms.filter((algorithm) => !shown.includes(typeOf(algorithm)));
  return [
    ...left.filter((algorithm) => types.includes(typeOf(algorithm))),
    ...left.filter((algorithm) => !types.includes(typeOf(algorithm))),
  ];
}

function typeOf(algorithm: HostKeyAlgorithm): string {
  return algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm;
}
