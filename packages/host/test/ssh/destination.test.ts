import { describe, expect, it } from 'vitest';

import { parseDestination } from '../../src/index.ts';

describe('parseDestination', () => {
  it.each([
    ['pi', { user: undefined, host: 'pi', port: undefined }],
    ['root@pi.example.org:2222', { user: 'root', host: 'pi.example.org', port: 2222 }],
    ['root@10.0.0.7', { user: 'root', host: '10.0.0.7', port: undefined }],
    ['[::1]', { user: undefined, host: '::1', port: undefined }],
    ['root@[fe80::1%eth0]:22', { user: 'root', host: 'fe80::1%eth0', port: 22 }],
    ['ada@example.org@pi', { user: 'ada@example.org', host: 'pi', port: undefined }],
    [String.raw`OFFICE\ada@pi`, { user: String.raw`OFFICE\ada`, host: 'pi', port: undefined }],
  ])('reads %s', (text, destination) => {
    expect(parseDestination(text)).toEqual({ destination, problem: undefined });
  });

  it.each([
    ['', 'the host is missing'],
    ['root@', 'the host is missing'],
    ['@pi', 'the user before the @ is missing'],
    ['-oProxyCommand=x@pi', "cannot be a user's name"],
    ['ada lovelace@pi', "cannot be a user's name"],
    ['root:secret@pi', "cannot be a user's name"],
    ['-pi', "cannot be a host's name"],
    ['pi/../x', "cannot be a host's name"],
    ['::1', 'in brackets'],
    ['root@fe80::1:22', 'in brackets'],
    ['[pi]:22', 'is not an IPv6 address'],
    ['[::1', 'brackets belong around'],
    ['pi:', 'is not a port'],
    ['pi:0', 'is not a port'],
    ['pi:65536', 'is not a port'],
    ['pi:ssh', 'is not a port'],
  ])('says what is wrong with %j', (text, why) => {
    const { destination, problem } = parseDestination(text);
    expect(destination).toBeUndefined();
    expect(problem).toContain(why);
    expect(problem).toContain('[user@]host[:port]');
  });
});
