export { SecretsError, type SecretsErrorCode, type SecretsErrorFacts } from './errors.ts';
export type { Stanza } from './age/age-file.ts';
export type { AgeIdentity, CustomIdentity, LibraryIdentity, PluginIdentity } from './age/identity.ts';
export {
  type KeyPair,
  generateKeyPair,
  identityFile,
  parseIdentities,
  recipientsOf,
} from './age/identities.ts';
export { type SearchOptions, findIdentities, readIdentityFile } from './age/search.ts';
export { type SshIdentity, sshIdentity, sshToAge } from './age/ssh-identity.ts';
export type { X25519Identity } from './age/x25519.ts';
