import type { Host } from '@cutover/host';
import imageFactsScript from './image-facts.sh';
import supplyScript from './supply.sh';

/** What a running instance has of what a cutover needs. */
export interface ImageFacts {
  readonly hostName: string;
  /** There is a cloud-init that has something to do. */
  readonly cloudInit: boolean;
  /** The active unit that takes ssh connections, e.g. `sshd.socket`. */
  readonly sshd: string | undefined;
  /** sshd has its host keys. One that its socket starts makes them at the first connection. */
  readonly hostKeys: boolean;
  /** Root lets the operator's key in. */
  readonly rootKey: boolean;
  readonly git: boolean;
  readonly tailscale: boolean;
  /** The version, e.g. `2.26.3`. */
  readonly nix: string | undefined;
  /** The address is that of systemd-networkd, as the template declares it. */
  readonly networkd: boolean;
}

/** Asks the instance itself, by way of Incus: it need not let us in by ssh yet. */
export async function imageFacts(inside: Host, rootKey: string, signal: AbortSignal): Promise<ImageFacts> {
  const { stdout } = await inside.run(['sh', '-s', '--', keyOnly(rootKey)], {
    input: imageFactsScript,
    signal,
  });
  return parseImageFacts(stdout);
}

/** Reads what the script said. */
export function parseImageFacts(said: string): ImageFacts {
  const values = new Map(
    said.split('\n').map((line): [string, string] => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), line.slice(space + 1).trim()];
    }),
  );
  return {
    hostName: values.get('hostName') ?? '',
    cloudInit: values.has('cloudInit'),
    sshd: values.get('sshd'),
    hostKeys: values.has('hostKeys'),
    rootKey: values.has('rootKey'),
    git: values.has('git'),
    tailscale: values.has('tailscale'),
    nix: /(\d+(?:\.\d+)+)/.exec(values.get('nix') ?? '')?.[1],
    networkd: values.has('networkd'),
  };
}

/** What an image lacks that only another image, or another config of the instance, can give; each with its fix. */
export function lackingInImage(facts: ImageFacts, needs: { readonly tailscale: boolean }): string[] {
  const lacking: string[] = [];
  if (facts.sshd === undefined)
    lacking.push('no sshd runs in it: the image needs services.openssh.enable = true');
  if (facts.nix === undefined || older(facts.nix, [2, 8]))
    lacking.push(
      `it has ${facts.nix === undefined ? 'no Nix' : `Nix ${facts.nix}`}, and 2.8 or later is needed; instance.image must be a NixOS image`,
    );
  if (!facts.git) lacking.push('it has no git: the image needs environment.systemPackages = [ pkgs.git ]');
  if (needs.tailscale && !facts.tailscale)
    lacking.push(
      'it has no tailscale, and is to join a tailnet: the image needs services.tailscale.enable = true',
    );
  return lacking;
}

/** What the runbook can give it by itself. */
export function suppliable(facts: ImageFacts, name: string): string[] {
  return [
    ...(facts.hostName === name ? [] : ['its name']),
    ...(facts.rootKey ? [] : ['the key that root lets in']),
    ...(facts.hostKeys ? [] : ['the host keys of its sshd']),
  ];
}

/** Gives it that. */
export async function supply(
  inside: Host,
  name: string,
  rootKey: string,
  signal: AbortSignal,
): Promise<void> {
  await inside.run(['sh', '-s', '--', name, keyOnly(rootKey)], { input: supplyScript, signal });
}

/** Type and key, without the comment. */
function keyOnly(publicKey: string): string {
  return publicKey.trim().split(' ').slice(0, 2).join(' ');
}

function older(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
