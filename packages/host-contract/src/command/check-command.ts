import type { CommandOptions } from '../host.ts';

/** The longest time a Node timer can wait. */
const longestTimeout = 2 ** 31 - 1;

/**
 * Refuses what no transport could pass on unchanged, before anything has happened.
 *
 * @throws {TypeError} the call itself is wrong.
 */
export function checkCommand(argv: readonly string[], options: CommandOptions): void {
  if (argv.length === 0 || argv[0] === '') throw new TypeError('argv must name a command');
  for (const argument of argv) checkText(argument, 'an argument');
  for (const [name, value] of Object.entries(options.env ?? {})) {
    // Shells drop other names from the environment they pass on.
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new TypeError(`not a variable's name: ${JSON.stringify(name)}`);
    checkText(value, `the value of ${name}`);
  }
  if (options.cwd !== undefined) checkPath(options.cwd, 'cwd');
  const { timeout } = options;
  if (timeout !== undefined && !(timeout > 0 && timeout <= longestTimeout)) {
    throw new TypeError(`timeout must be between 0 and ${longestTimeout} ms, not ${timeout}`);
  }
}

/** @throws {TypeError} `path` is not absolute, or not a path. */
export function checkPath(path: string, what: string): void {
  checkText(path, what);
  if (!path.startsWith('/'))
    throw new TypeError(`${what} must be an absolute path, not ${JSON.stringify(path)}`);
}

function checkText(text: string, what: string): void {
  if (typeof text !== 'string') throw new TypeError(`${what} must be a string, not ${typeof text}`);
  if (text.includes('\0')) throw new TypeError(`${what} must not contain NUL`);
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${what} has a lone surrogate, which is not text`);
}
