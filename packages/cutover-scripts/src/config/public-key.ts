import type { Host } from '@cutover/host';

/** The public half (type and key) of an OpenSSH private key on `here`; `undefined`: it is none, or needs a passphrase. */
export async function readPublicKey(here: Host, privateKey: string): Promise<string | undefined> {
  const { exitCode, stdout } = await here.run(['ssh-keygen', '-y', '-P', '', '-f', privateKey], {
    reject: false,
  });
  return exitCode === 0 ? stdout.trim().split(' ').slice(0, 2).join(' ') : undefined;
}
