import type { Host } from '@cutover/host';
import { on } from '@cutover/host/zx';

export const unit = 'guestbook.service';
export const program = '/opt/guestbook/guestbook.py';
export const unitFile = `/etc/systemd/system/${unit}`;
export const database = '/var/lib/guestbook/guestbook.db';

/** Whether the service runs, and whether it would be started at the next boot. */
export async function serviceState(
  host: Host,
  signal: AbortSignal,
): Promise<{ active: boolean; enabled: boolean }> {
  const $ = on(host)({ nothrow: true, signal });
  const active = await $`systemctl is-active --quiet ${unit}`;
  const enabled = await $`systemctl is-enabled --quiet ${unit}`;
  return { active: active.exitCode === 0, enabled: enabled.exitCode === 0 };
}

const countRows = `
import os, sqlite3, sys
if not os.path.exists(sys.argv[1]): print(-1); sys.exit()
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
print(database.execute("SELECT count(*) FROM entries").fetchone()[0])
`;

/** What is known of the database of a host; `undefined`: there is none. A damaged one rejects. */
export async function inspectDatabase(
  host: Host,
  signal: AbortSignal,
): Promise<{ entries: number; sha256: string } | undefined> {
  const $ = on(host)({ signal });
  const entries = Number(await $`python3 -c ${countRows} ${database}`.text());
  if (entries < 0) return undefined;
  const [sha256 = ''] = (await $`sha256sum ${database}`.text()).split(' ');
  return { entries, sha256 };
}

/** How many entries the service itself tells of. Rejects while it does not answer. */
export async function askService(host: Host, signal: AbortSignal): Promise<number> {
  const $ = on(host)({ signal });
  const answer: unknown = await $`curl --silent --fail --max-time 5 http://localhost:8080/`.json();
  if (!Array.isArray(answer))
    throw new Error(`the guestbook on ${host.name} answered something else than a list`);
  return answer.length;
}
