import type { Readable } from 'node:stream';

import type { Host } from '@cutover/host';

import { LockedError } from './errors.ts';
import { asRoot, type Privilege, script } from './target/script.ts';

/**
 * Takes the lock of a target for as long as the returned object lives. It is a lock of the target's kernel, held by a
 * process on our connection: it cannot be left behind, and it names its holder to whoever comes second.
 *
 * @throws {LockedError}
 */
export async function lockTarget(
  host: Host,
  state: string,
  holder: string,
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<AsyncDisposable> {
  const argv = asRoot(script('lock', lockScript, state, holder), privilege);
  const stream = host.stream(argv, signal === undefined ? {} : { signal });
  stream.stderr.resume();
  try {
    const line = await firstLine(stream.stdout);
    if (line === 'held') return stream;
    throw new LockedError(host.name, line.replace(/^locked /, '') || 'an unnamed deploy');
  } catch (error) {
    await stream[Symbol.asyncDispose]();
    throw error;
  }
}

/** `$1` state directory, `$2` holder. Says `held` and waits for the end of its input, or says `locked HOLDER`. */
const lockScript = `
mkdir -p "$1"
exec 7>> "$1/session.lock"
if ! flock --nonblock 7; then
  echo "locked $(cat "$1/session.holder" 2> /dev/null)"
  exit 0
fi
printf '%s\\n' "$2" > "$1/session.holder"
echo held
cat > /dev/null
`;

/** The stream stays open behind the line: leaving a `for await` would destroy it, and with it the lock. */
async function firstLine(stream: Readable): Promise<string> {
  const chunks = stream.iterator({ destroyOnReturn: false });
  let text = '';
  for await (const chunk of chunks) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n', 1)[0] ?? '';
}
