import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a command prints on standard output; all that it printed is in the error of one that fails. */
export async function run(command, args, cwd = '.', settings = {}) {
  const env = { ...process.env, ...settings };
  const options = { cwd, env, timeout: 15 * 60_000, maxBuffer: 1 << 26 };
  const outcome = await promisify(execFile)(command, args, options).catch((error) => error);
  if (!(outcome instanceof Error)) return outcome.stdout;
  const how = outcome.code ?? outcome.signal;
  throw new Error(`${[command, ...args].join(' ')} ended with ${how}\n${outcome.stdout}${outcome.stderr}`);
}
