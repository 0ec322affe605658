import { describe, expect, it } from 'vitest';

import * as host from '../src/index.ts';

const result = {
  host: 'pi',
  argv: ['nix', 'build', '.#toplevel', '--with', 'many', 'more'],
  exitCode: 1,
  signal: undefined,
  stdout: '',
  stderr: 'one\ntwo\nthree\nfour\nfive\nsix\n',
  stdoutBytes: new Uint8Array(),
  durationMs: 1,
};

describe('the errors', () => {
  it.each([
    [new host.CommandError(result), 'COMMAND_FAILED'],
    [new host.CommandRefusedError('pi', ['true'], 'no'), 'COMMAND_REFUSED'],
    [new host.CommandTimeoutError('pi', ['true'], 5), 'COMMAND_TIMEOUT'],
    [new host.CommandAbortedError('pi', ['true'], 'reason'), 'COMMAND_ABORTED'],
    [new host.OutputLimitError('pi', ['true'], 5), 'OUTPUT_LIMIT'],
    [new host.FileNotFoundError('pi', '/x'), 'FILE_NOT_FOUND'],
    [new host.FileRefusedError('pi', '/x', 'no'), 'FILE_REFUSED'],
    [new host.HostOptionError('pi', 'hostKeys', 'no'), 'OPTION_INVALID'],
    [new host.HostConnectionError('CONNECTION_LOST', 'pi', 'lost'), 'CONNECTION_LOST'],
  ])('%s is a HostError with a code and a name', (error, code) => {
    expect(error).toBeInstanceOf(host.HostError);
    expect(error).toMatchObject({ code, host: 'pi', name: error.constructor.name });
  });

  it('CommandError says what, where, how it ended and its last words, and no more', () => {
    expect(new host.CommandError(result).message).toBe(
      'nix build .#toplevel on pi ended with exit code 1:\ntwo\nthree\nfour\nfive\nsix',
    );
    const script = { ...result, argv: ['sh', '-c', `\nset -u\n${'x'.repeat(100)}`], stderr: '' };
    expect(new host.CommandError(script).message).toBe('sh -c set -u… on pi ended with exit code 1');
    expect(
      new host.CommandError({ ...result, exitCode: undefined, signal: 'SIGKILL', stderr: '' }).message,
    ).toBe('nix build .#toplevel on pi ended with SIGKILL');
  });
});
