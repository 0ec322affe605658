import { expect, test } from 'vitest';
import { proxyFor } from '../../src/connect/proxy-for.ts';

const server = 'https://incus.example.org:8443';
const proxy = 'http://proxy:3128';
const by = (env: Record<string, string>, origin = server) => proxyFor(origin, undefined, env)?.href;

test('the environment names the proxy, in upper or lower case; an empty variable is none', () => {
  expect(by({ HTTPS_PROXY: proxy })).toBe(`${proxy}/`);
  expect(by({ https_proxy: 'proxy:3128' })).toBe(`${proxy}/`);
  expect(by({ HTTPS_PROXY: '', ALL_PROXY: 'socks5://jump:1055' })).toBe('socks5://jump:1055');
  expect(by({})).toBeUndefined();
});

test.each([
  ['*', server, true],
  ['example.org', server, true],
  ['.example.org', server, true],
  ['incus.example.org:8443', server, true],
  ['incus.example.org:443', server, false],
  ['xample.org', server, false],
  ['10.0.0.0/8', 'https://10.1.2.3:8443', true],
  ['10.0.0.0/16', 'https://10.1.2.3:8443', false],
  ['10.0.0.0/99', 'https://10.1.2.3:8443', false],
  ['10.0.0.0/8x', 'https://10.1.2.3:8443', false],
  ['fd00::/8', 'https://[fd42::1]:8443', true],
  ['', 'https://127.0.0.1:8443', true],
  ['', 'https://[::1]:8443', true],
])('NO_PROXY=%s for %s: without a proxy is %s', (rule, origin, without) => {
  expect(by({ HTTPS_PROXY: proxy, NO_PROXY: rule }, origin) === undefined).toBe(without);
});

test('an option goes before the environment, and a mistake shows no password', () => {
  expect(proxyFor(server, false, { HTTPS_PROXY: proxy })).toBeUndefined();
  expect(proxyFor('https://127.0.0.1', 'socks5h://u:p@jump', {})?.host).toBe('jump');
  expect(() => proxyFor(server, 'ftp://u:secret@host', {})).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', message: expect.not.stringContaining('secret') }),
  );
});
