import type { Host } from '@cutover/host';
import { configurationFolder } from './toplevel.ts';

/** Lets Nix on the host lock the inputs of its configuration, and returns the text of `flake.lock`. */
export async function lockInputs(host: Host, signal: AbortSignal): Promise<string> {
  // The image need not have them turned on.
  const features = ['--extra-experimental-features', 'nix-command flakes'];
  await host.run(['nix', ...features, 'flake', 'lock', configurationFolder], { signal });
  return new TextDecoder().decode(await host.readFile(`${configurationFolder}/flake.lock`, { signal }));
}
