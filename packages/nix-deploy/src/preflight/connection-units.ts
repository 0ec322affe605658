import type { Problem } from '../errors.ts';

/** Units that a connection to a machine may stand on: the network, its firewall, the ways in. */
const related =
  /^(sshd?(@.*)?\.(service|socket)|systemd-networkd\.(service|socket)|systemd-resolved\.service|network-.*\.service|NetworkManager\.service|dhcpcd\.service|connman\.service|wpa_supplicant.*\.service|firewall\.service|nftables\.service|iptables\.service|tailscaled.*\.service|(wg-quick|wireguard)-.*\.service)$/;

/** Those of some units that a connection may stand on. */
export function connectionUnits(units: readonly string[]): readonly string[] {
  return units.filter((unit) => related.test(unit));
}

/** Kinds of units of which one is enough. */
const kinds: readonly RegExp[] = [
  /^sshd?\.(service|socket)$/,
  /^(systemd-networkd|NetworkManager|dhcpcd|connman)\.service$/,
  /^tailscaled\.service$/,
  /^wg-quick-.*\.service$/,
  /^wireguard-.*\.service$/,
];

/** Those of the stopped units that the new system neither has nor replaces by another of their kind. */
export function lostWays(
  stopped: readonly string[],
  after: readonly string[],
  mayStop: readonly string[],
): readonly string[] {
  return stopped.filter((unit) => {
    const kind = kinds.find((pattern) => pattern.test(unit));
    return kind !== undefined && !mayStop.includes(unit) && !after.some((other) => kind.test(other));
  });
}

/** Why a deploy that would stop these units does not begin. */
export function strands(units: readonly string[]): Problem {
  return {
    check: 'connection',
    message: `the new system has no ${units.join(', ')}, so switching to it stops what the connection may stand on`,
    fix: `declare it in the configuration, or allow this with ${units.map((unit) => `--may-stop ${unit}`).join(' ')}`,
  };
}
