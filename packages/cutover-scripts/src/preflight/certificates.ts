import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

const day = 86_400_000;

/** The client's certificate is one, belongs to its key, and outlives the cutover. */
export function certificateChecks({ settings: { incus } }: World): Check[] {
  return [
    {
      name: 'incus certificate',
      async look() {
        const certificate = new X509Certificate(await readFile(incus.certificate));
        const evidence = { subject: certificate.subject, until: certificate.validTo };
        const left = Date.parse(certificate.validTo) - Date.now();
        if (left < 0)
          return bad(`${incus.certificate} expired on ${certificate.validTo}; enrol a new one`, evidence);
        if (left < 7 * day) {
          return bad(
            `${incus.certificate} expires on ${certificate.validTo}, too soon; enrol a new one`,
            evidence,
          );
        }
        const key = createPrivateKey(await readFile(incus.key));
        return certificate.checkPrivateKey(key)
          ? good(evidence)
          : bad(
              `${incus.key} is not the key of ${incus.certificate}; name the pair that belongs together`,
              evidence,
            );
      },
    },
  ];
}
