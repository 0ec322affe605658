import * as z from 'zod';

/** A store path and the size of its content in bytes. */
export interface StorePath {
  readonly path: string;
  readonly narSize: number;
}

const info = z.object({ narSize: z.number() });
/** Up to 2.18 and in Lix. */
const list = z.array(
  info
    .extend({ path: z.string(), valid: z.boolean().optional() })
    .or(z.object({ path: z.string(), valid: z.literal(false) })),
);
/** From 2.19 on; a path that is not there is `null`. */
const map = z.record(z.string(), info.nullable());
/** From 2.33 on, with base names for keys. */
const nested = z.object({ info: z.record(z.string(), info.nullable()), storeDir: z.string().optional() });

/**
 * Reads `nix path-info --json` in the three shapes that it has had. Paths that the store does not have are left out.
 *
 * @throws {z.ZodError} it is none of the three.
 */
export function parsePathInfo(json: string): readonly StorePath[] {
  const data: unknown = JSON.parse(json);
  if (Array.isArray(data)) {
    return list
      .parse(data)
      .flatMap((entry) => ('narSize' in entry ? [{ path: entry.path, narSize: entry.narSize }] : []));
  }
  const inner = nested.safeParse(data);
  const folder = inner.success ? (inner.data.storeDir ?? '/nix/store') : '/nix/store';
  const entries = inner.success ? inner.data.info : map.parse(data);
  return Object.entries(entries).flatMap(([key, value]) =>
    value === null ? [] : [{ path: key.startsWith('/') ? key : `${folder}/${key}`, narSize: value.narSize }],
  );
}
