import { type Host, localHost } from '@cutover/host';

/** This machine, as a host. Loaded apart, so that a bundle holds no more of the transports than this one. */
export function thisHost(): Host {
  return localHost();
}
