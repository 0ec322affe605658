#!/usr/bin/env node
// deploy-instance NAME FOLDER: an instance of that name, running the NixOS configuration of a git repository's head.
import { on } from '@cutover/host/zx';
import { connectIncus, ensureInstance, incusHost, waitReady } from '@cutover/incus-client';
import { deploy, targetOf } from '@cutover/nix-deploy';
import { $ } from 'zx/core';

const [name = 'orchestrator-2', folder = '.'] = process.argv.slice(2);
await using incus = await connectIncus();
const source = { type: 'image', alias: 'incus-base-vm' } as const;
await ensureInstance(incus, { name, source }, { 'user.cutover.name': name });
const { ipv4 } = await waitReady(incus, name, { ipv4: true, cloudInit: true }, { timeout: 300_000 });
await using host = incusHost(incus, name);

const vm = on(host);
await $`git -C ${folder} archive HEAD`.pipe(vm`mkdir -p /etc/nixos && tar -C /etc/nixos -x`);
const { generation, system } = await deploy(targetOf(host), {
  source: { flake: 'path:/etc/nixos', configuration: name },
});
console.log(`${name} at ${ipv4} runs generation ${generation}: ${system}`);
