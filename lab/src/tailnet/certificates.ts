import { join } from 'node:path';
import { localHost } from '@cutover/host';

/** A private authority, and a certificate of it for one address. */
export interface ServerCertificate {
  /** PEM of the authority's certificate: what a client has to trust. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes both in `folder`. */
export async function serverCertificate(folder: string, address: string): Promise<ServerCertificate> {
  await using machine = localHost();
  const files = {
    authority: join(folder, 'ca.crt'),
    certificate: join(folder, 'tls.crt'),
    key: join(folder, 'tls.key'),
  };
  const authorityKey = join(folder, 'ca.key');
  const make = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30'.split(
    ' ',
  );
  const subject = ['-subj', '/CN=tailnet of the lab'];
  await machine.run([...make, ...subject, '-keyout', authorityKey, '-out', files.authority]);
  const own = ['-subj', `/CN=${address}`, '-keyout', files.key, '-out', files.certificate];
  const by = ['-CA', files.authority, '-CAkey', authorityKey];
  const names = ['-addext', `subjectAltName=IP:${address}`, '-addext', 'basicConstraints=critical,CA:FALSE'];
  await machine.run([...make, ...own, ...by, ...names]);
  return files;
}
