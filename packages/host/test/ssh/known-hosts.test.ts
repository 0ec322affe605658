import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { findKnownHosts, knownHostsName } from '../../src/ssh/known-hosts.ts';

const execute = promisify(execFile);
const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIJ1j1Vc3Jm8sTtFHaUzv5gPo7Zkq3mBfZkq3mBfZkq3m';

function linesAbout(name: string, text: string): number[] {
  return findKnownHosts(text, name).map(({ line }) => line);
}

describe('findKnownHosts', () => {
  it.each([
    ['pi', 'pi', true],
    ['PI', 'pi', true],
    ['pi', 'pi.lan', false],
    ['pi,10.0.0.7', '10.0.0.7', true],
    ['*.lan', 'pi.lan', true],
    ['p?', 'pi', true],
    ['p?', 'pie', false],
    ['*,!pi', 'pi', false],
    ['*,!pi', 'forge', true],
    ['!pi', 'forge', false],
    ['[pi]:2222', '[pi]:2222', true],
    ['[pi]:2222', 'pi', false],
    ['pi', '[pi]:2222', false],
    ['1.2.3.4', '1x2.3.4', false],
  ])('%s is about %s: %s', (hosts, name, expected) => {
    expect(linesAbout(name, `${hosts} ssh-ed25519 ${key} a comment\n`)).toEqual(expected ? [1] : []);
  });

  it('passes over comments, blanks and lines it does not understand', () => {
    const text = `# pi ssh-ed25519 ${key}\n\n  \npi\npi ssh-ed25519\n@other pi ssh-ed25519 ${key}\npi ssh-ed25519 ${key}\n`;
    expect(linesAbout('pi', text)).toEqual([7]);
  });

  it('keeps markers', () => {
    const text = `@cert-authority *.lan ssh-ed25519 ${key}\n@revoked pi.lan ssh-ed25519 ${key}`;
    expect(findKnownHosts(text, 'pi.lan').map(({ marker }) => marker)).toEqual([
      '@cert-authority',
      '@revoked',
    ]);
  });

  it('finds what ssh-keygen has hashed, and nothing else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cutover-known-'));
    try {
      const file = join(directory, 'known_hosts');
      await writeFile(file, `pi ssh-ed25519 ${key}\n[pi]:2222 ssh-ed25519 ${key}\n`);
      await execute('ssh-keygen', ['-H', '-f', file]);
      const hashed = await readFile(file, 'utf8');
      expect(hashed).not.toMatch(/^\[?pi/m);
      expect(linesAbout('pi', hashed)).toEqual([1]);
      expect(linesAbout('[pi]:2222', hashed)).toEqual([2]);
      expect(linesAbout('forge', hashed)).toEqual([]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('reads any text without failing', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, name) => {
        expect(findKnownHosts(text, name).length).toBeLessThanOrEqual(text.split('\n').length);
      }),
    );
  });
});

it('knownHostsName has the port where it is not 22', () => {
  expect([knownHostsName('Pi', 22), knownHostsName('pi', 2222)]).toEqual(['pi', '[pi]:2222']);
});
