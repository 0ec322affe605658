import { asUser, type Host, localHost } from '@cutover/host';
import { fingerprintOf, openForge } from '@cutover/cutover-scripts/forge';
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
    const { forge } = hosts;
    const here = localHost();
    const opened = await openForge(
      {
        forge: {
          type: 'ssh',
          ssh: {
            host: forge.address,
            port: 22,
            user: 'git',
            privateKey: lab.operator.file,
            hostKeys: [forge.hostKey],
          },
          root: '/srv/git',
          createRepository: ['init', '{repository}'],
          authorizeKey: ['authorize', '{name}'],
          listKeys: ['keys'],
          revokeKey: ['revoke', '{fingerprint}'],
        },
        repository: 'cc-ci-orchestrator',
        repositories: [],
        ownership: { repository: 'cc-ci', ref: 'refs/cutover/owner', lease: 600_000 },
        handoff: { repository: 'cc-ci', proof: 'verdict', timeout: 60_000 },
      },
      { here, stateDirectory: lab.folders.root },
    );
    const keys = ['/srv/git/.keys', '/srv/git/.ssh/authorized_keys'];
    const publicKey = (await pi.run(['cat', '/home/loops/.ssh/id_ed25519.pub'])).stdout;
    return {
      fence: opened.fence,
      client: pi,
      name: 'pi',
      publicKey,
      fingerprint: fingerprintOf(publicKey),
      clones: ['/srv/cc-ci/cc-ci', '/srv/cc-ci/cc-ci-secrets'],
      async backup() {
        await forge.host.run(['tar', '--create', '--file=/root/keys.tar', ...keys]);
        return async () => {
          await forge.host.run(['tar', '--extract', '--directory=/', '--file=/root/keys.tar']);
        };
      },
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]();
        await here[Symbol.asyncDispose]();
      },
    };
  });
});
