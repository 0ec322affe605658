import { readFile } from 'node:fs/promises';
import { provisionSteps, type World } from '@cutover/cutover-scripts/steps';
import { sshHost } from '@cutover/host';
import type { CheckResult, StepContext } from '@cutover/runbook';
import { expect, it } from 'vitest';
import { openLab } from '../../src/index.ts';

it('an image without cloud-init, whose sshd its socket starts, is made ready; what it lacks beside that is named', async () => {
  await using lab = await openLab();
  await using box = await lab.launch('image');
  const sh = async (script: string) => (await box.host.run(['sh', '-c', script])).stdout.trim();
  // As nixpkgs' own images are: nothing sets the name, no key is let in, and host keys come with the first connection.
  await sh(`systemctl disable --quiet --now ssh.service && systemctl start ssh.socket
    mv /usr/bin/cloud-init /usr/bin/cloud-init.gone && mv /usr/bin/git /usr/bin/git.gone
    rm -f /etc/ssh/ssh_host_* /root/.ssh/authorized_keys && hostname nixos`);

  const rootKey = (await readFile(`${lab.operator.file}.pub`, 'utf8')).trim();
  const hostKeys = async () => (await sh('cat /etc/ssh/ssh_host_*_key.pub')).split('\n');
  const world = {
    settings: { name: box.name, instance: { image: 'nixos' }, tailnet: undefined, nixos: {} },
    rootKey,
    incus: async () => lab.client,
    inside: async () => box.host,
    target: async () => sshHost({ ...box.ssh, hostKeys: await hostKeys() }),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that these two steps read of them
  const context = { world, signal: AbortSignal.timeout(60_000) } as unknown as StepContext<World>;
  const step = (id: string) => provisionSteps.find((one) => one.id === id);
  const look = async (id: string): Promise<CheckResult | undefined> => await step(id)?.check?.(context);

  expect(await look('prepare-instance')).toMatchObject({
    state: 'conflict',
    reason: expect.stringMatching(/made from nixos, which is not enough: it has no git: the image needs/),
  });
  await sh('mv /usr/bin/git.gone /usr/bin/git');
  expect(await look('prepare-instance')).toMatchObject({
    state: 'absent',
    evidence: {
      cloudInit: false,
      sshd: 'ssh.socket',
      missing: ['its name', 'the key that root lets in', 'the host keys of its sshd'],
    },
  });
  await step('prepare-instance')?.apply?.(context);
  expect(await look('prepare-instance')).toMatchObject({
    state: 'satisfied',
    evidence: { missing: [] },
  });
  expect(await look('wait-ready')).toMatchObject({
    state: 'satisfied',
    evidence: { cloudInit: 'none', hostname: box.name, address: box.address },
  });
});
