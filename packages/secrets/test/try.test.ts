import { mkdtempSync, writeFileSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encryptFile, decryptFile } from '../src/sops/file.ts';
import { generateKeyPair, parseIdentities } from '../src/age/identities.ts';
import { runSops, sopsCommand } from './sops-command.ts';

test('both ways', async () => {
  const keys = generateKeyPair();
  const sops = sopsCommand('3.13.2');
  const dir = mkdtempSync('/tmp/sec-');
  const yaml = `# top
a: 1
b: "two"
# about c
c:
  - x
  - y: 0777
    z: [1, 2.5, {k: v}]
  - - n
    - true
m: |
  line1
    line2
e: {}
f: []
g: null
h: ""
d: 2024-01-02
u_unencrypted: 1e21
t: "true"
# tail
`;
  writeFileSync(`${dir}/a.yaml`, yaml);
  const theirs = runSops(sops!, ['encrypt', '--age', keys.recipient, `${dir}/a.yaml`], {
    identity: keys.identity,
  });
  writeFileSync(`${dir}/theirs.yaml`, theirs);
  const back = runSops(sops!, ['decrypt', `${dir}/theirs.yaml`], { identity: keys.identity }).toString();
  const t0 = performance.now();
  const ours = await decryptFile(theirs, { file: 'x.yaml', identities: parseIdentities(keys.identity) });
  console.log('decrypt', performance.now() - t0);
  expect(Buffer.from(ours.plaintext).toString()).toBe(back);
  const mine = await encryptFile(yaml, { file: 'x.yaml', recipients: [keys.recipient] });
  writeFileSync(`${dir}/ours.yaml`, mine);
  expect(runSops(sops!, ['decrypt', `${dir}/ours.yaml`], { identity: keys.identity }).toString()).toBe(back);
  for (const [ext, text] of [
    ['json', '{"b": 1, "a": [1,2,{"x": 9007199254740993}], "1": "<é>", "e": {}, "f": []}'],
    ['env', '# c\nA=b\nC="x y"\n'],
    ['ini', '; c\n[s]\na = b\n# k\nlong = c d\n'],
    ['txt', 'hello\x00w\n'],
  ] as const) {
    writeFileSync(`${dir}/p.${ext}`, text);
    const enc = runSops(sops!, ['encrypt', '--age', keys.recipient, `${dir}/p.${ext}`], {
      identity: keys.identity,
    });
    writeFileSync(`${dir}/theirs.${ext}`, enc);
    const plain = runSops(sops!, ['decrypt', `${dir}/theirs.${ext}`], { identity: keys.identity });
    const d = await decryptFile(enc, { file: `p.${ext}`, identities: parseIdentities(keys.identity) });
    expect(Buffer.from(d.plaintext).toString()).toBe(plain.toString());
    const e = await encryptFile(text, { file: `p.${ext}`, recipients: [keys.recipient] });
    writeFileSync(`${dir}/ours.${ext}`, e);
    if (ext === 'ini' || ext === 'env') console.log(enc.toString(), Buffer.from(e).toString());
    expect(runSops(sops!, ['decrypt', `${dir}/ours.${ext}`], { identity: keys.identity }).toString()).toBe(
      plain.toString(),
    );
  }
});
