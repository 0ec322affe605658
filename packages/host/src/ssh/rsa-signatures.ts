import type { ParsedKey } from 'ssh2';

/** An RSA key that signs with SHA-512, and any other key as it is. ssh2 would offer SHA-256 only, which a server may refuse. */
export function bestSignature(key: ParsedKey): ParsedKey {
  return key.type === 'ssh-rsa' ? signing(key, 'rsa-sha2-512', 'sha512') : key;
}

/** The other ways in which a key can sign. */
export function otherSignatures(key: ParsedKey): readonly ParsedKey[] {
  return key.type === 'ssh-rsa' ? [signing(key, 'rsa-sha2-256', 'sha256'), key] : [];
}

function signing(key: ParsedKey, type: string, hash: string): ParsedKey {
  return Object.create(key, {
    type: { value: type },
    sign: { value: (data: Buffer) => key.sign(data, hash) },
  });
}
