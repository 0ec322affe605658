import { existsSync } from 'node:fs';
import { type Host, localHost } from '@cutover/host';

/** Lays the files below `source`, a folder of the checkout, into `target` on a host, owned by root. */
export async function pushTree(host: Host, source: string, target: string): Promise<void> {
  if (!existsSync(source)) return;
  await using machine = localHost();
  const modes = ['--owner=0', '--group=0', '--mode=u=rwX,go=rX'];
  const { stdoutBytes } = await machine.run(['tar', '--create', ...modes, `--directory=${source}`, '.']);
  await host.run(['mkdir', '-p', target]);
  // Folders that are there keep their modes: those of the checkout mean nothing here.
  await host.run(['tar', '--extract', '--no-overwrite-dir', `--directory=${target}`], { input: stdoutBytes });
}
