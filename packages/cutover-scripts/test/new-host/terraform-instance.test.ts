import { execFileSync, spawnSync } from 'node:child_process';
import type { Instance } from '@cutover/incus-client';
import { expect, it } from 'vitest';
import { terraformInstance } from '../../src/new-host/terraform-instance.ts';

const given = {
  name: 'orchestrator-1',
  project: 'terraform-ci',
  type: 'virtual-machine',
  description: 'Made by cutover',
  profiles: ['default', 'two'],
  config: {
    'limits.cpu': '2',
    'image.os': 'NixOS',
    'volatile.base_image': 'b67ec83d',
    'cloud-init.user-data': '#cloud-config\nruncmd: ["echo ${HOME} %{x} \b \\\\b"]\n',
    'user.cutover.name': 'orchestrator-1',
  },
  devices: { root: { type: 'disk', path: '/', pool: 'default', size: '30GiB' }, none: { type: 'none' } },
};
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that is read of it
const text = terraformInstance(given as unknown as Instance, 'incus-base-vm');

it('says all that the provider compares, and nothing that it takes for the server’s own', () => {
  expect(text)
    .toBe(String.raw`# Terraform or OpenTofu, with the provider lxc/incus, adopts the instance by this file.
resource "incus_instance" "orchestrator_1" {
  name        = "orchestrator-1"
  project     = "terraform-ci"
  image       = "incus-base-vm"
  type        = "virtual-machine"
  description = "Made by cutover"
  profiles    = ["default", "two"]

  config = {
    "cloud-init.user-data" = "#cloud-config\nruncmd: [\"echo ${'$${'}HOME} %%{x} \u0008 \\\\b\"]\n"
    "limits.cpu"           = "2"
    "user.cutover.name"    = "orchestrator-1"
  }

  device {
    name       = "none"
    type       = "none"
    properties = {}
  }

  device {
    name = "root"
    type = "disk"
    properties = {
      "path" = "/"
      "pool" = "default"
      "size" = "30GiB"
    }
  }
}

import {
  to = incus_instance.orchestrator_1
  id = "terraform-ci/orchestrator-1,image=incus-base-vm"
}
`);
});

it.skipIf(spawnSync('terraform', ['version']).status !== 0)(
  'is HCL, in the form that Terraform gives it',
  () => {
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', CHECKPOINT_DISABLE: '1' };
    expect(execFileSync('terraform', ['fmt', '-'], { input: text, encoding: 'utf8', env })).toBe(text);
  },
);
