import { asUser, type Host, sshHost } from '@cutover/host';
import { fingerprintOf, openForge } from '@cutover/cutover-scripts';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Lab, type LabHosts, openLab, startHosts } from '../../src/index.ts';
import { fenceContract } from './fence-contract.ts';

let lab: Lab;
let hosts: LabHosts;
let pi: Host;

beforeAll(async () => {
  lab = await openLab();
  hosts = await startHosts(lab);
  pi = asUser(hosts.pi.host, 'loops');
  // Nothing but this test pushes.
  await pi.run(['env', 'STOP_TENTHS=600', '/srv/cc-ci/cc-ci-plan/launch.sh', 'stop']);
});
afterAll(async () => {
  await hosts?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

describe('the fence of git over ssh', () => {
  fenceContract(async () => {
    const { forge, operatorKey } = { forge: hosts.forge, operatorKey: lab.operator.file };
    const host = sshHost({ ...forge.ssh, user: 'git' });
    const opened = await openForge(
      {
        ssh: {
          host: forge.address,
          port: 22,
          user: 'git',
          privateKey: operatorKey,
          hostKeys: [forge.hostKey],
        },
        root: '/srv/git',
        createRepository: ['init', '{repository}'],
        authorizeKey: ['authorize', '{name}'],
        listKeys: ['keys'],
        revokeKey: ['revoke', '{fingerprint}'],
      },
      host,
      lab.folders.root,
    );
    const publicKey = (await pi.run(['cat', '/home/loops/.ssh/id_ed25519.pub'])).stdout;
    return {
      fence: opened.fence,
      client: pi,
      name: 'pi',
      publicKey,
      fingerprint: fingerprintOf(publicKey),
      clones: ['/srv/cc-ci/cc-ci', '/srv/cc-ci/cc-ci-secrets'],
      [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
    };
  });
});
