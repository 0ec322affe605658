#!/usr/bin/env node
// move-folder FOLDER FROM TO: moves a folder from one host to another, as user@host[:port], and proves that it arrived.
import { homedir } from 'node:os';
import { join } from 'node:path';

import { type Host, parseDestination, sshHost } from '@cutover/host';
import { on } from '@cutover/host/zx';
import type { Shell } from 'zx/core';

const [folder = '', from = '', to = ''] = process.argv.slice(2);
await using oldHost = connect(from);
await using newHost = connect(to);
const pi = on(oldHost);
const vm = on(newHost);

// Neither tar sees a value of ours twice: each is one argument, whatever it contains.
await vm`mkdir ${folder}`;
await pi`tar -C ${folder} -c .`.pipe(vm`tar -C ${folder} -x`);

const [there, here] = await Promise.all([checksums(pi), checksums(vm)]);
if (there !== here) throw new Error(`${folder} differs between ${from} and ${to}: the old one is as it was`);
await pi`mv ${folder} ${`${folder}.moved`}`;
console.log(`${folder} is on ${to}: ${here.trim().split('\n').length} files`);

async function checksums(host: Shell): Promise<string> {
  return await host({ cwd: folder })`find . -type f -exec sha256sum {} + | sort -k 2`.text();
}

function connect(text: string): Host {
  const { destination, problem } = parseDestination(text);
  if (problem !== undefined) throw new Error(problem);
  const { user = 'root', host, port } = destination;
  return sshHost({ host, port, user, privateKeyFile: join(homedir(), '.ssh/id_ed25519') });
}
