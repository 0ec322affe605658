import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { sizedPool } from '../daemon/settings.ts';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import type { LabTailnet } from '../tailnet/lab-tailnet.ts';
import type { RealAgents } from './real-agents.ts';
import type { ExpectedSecret } from './evidence/secrets.ts';

/** The files of a rehearsal: what an operator would write for a real cutover, with the lab's addresses in it. */
export interface RehearsalFiles {
  readonly folder: string;
  readonly config: string;
  /** The state directory of the run. */
  readonly state: string;
}

export const newHostName = 'cc-ci-orchestrator';
export const rigName = 'cc-ci';
/** The file that counts the plan phases, below the workspace. */
export const resumePointFile = '.cc-ci-logs/.phase-idx';
/** The repository that the Builder works in. */
export const workRepository = 'cc-ci';
/** How a session is told to go on in a rehearsal. */
export const goOnWords = 'You were interrupted. Look at where things stand, then go on.';
const rigFile = `/etc/loops/${rigName}.yaml`;
const workspace = '/srv/cc-ci';
const certificates = '/srv/incus-terraform-nix-vm-creator/terraform-secrets';

/** Which secrets of the old host go where. */
export const expectedSecrets: readonly (ExpectedSecret & { kind: string; file: string; key?: string })[] = [
  {
    name: 'testenv',
    kind: 'env',
    source: `${workspace}/.testenv`,
    path: `${workspace}/.testenv`,
    file: 'secrets/testenv.env',
  },
  {
    name: 'cc-ci-root',
    kind: 'private-key',
    source: '/home/loops/.ssh/cc-ci-root-ed25519',
    path: '/home/loops/.ssh/cc-ci-root-ed25519',
    file: 'secrets/ssh.yaml',
    key: 'cc-ci-root',
  },
  {
    name: 'master-age',
    kind: 'age-identity',
    source: `${workspace}/.sops/master-age.txt`,
    path: `${workspace}/.sops/master-age.txt`,
    file: 'secrets/master-age.sops',
  },
  {
    name: 'incus-certificate',
    kind: 'certificate',
    source: `${certificates}/terraform.crt`,
    path: `${certificates}/terraform.crt`,
    file: 'secrets/incus.yaml',
    key: 'certificate',
  },
  {
    name: 'incus-key',
    kind: 'private-key',
    source: `${certificates}/terraform.key`,
    path: `${certificates}/terraform.key`,
    file: 'secrets/incus.yaml',
    key: 'key',
  },
  {
    name: 'vm-ssh-key',
    kind: 'private-key',
    source: `${certificates}/vm_ssh_key`,
    path: `${certificates}/vm_ssh_key`,
    file: 'secrets/ssh.yaml',
    key: 'vm',
  },
].map((secret) => ({ ...secret, owner: 'loops', mode: '400' }));

/** The forge of a rehearsal: `forge` of its `cutover.yaml`, and the git URL of a repository there. */
export interface RehearsalForge {
  readonly config: object;
  url(repository: string): string;
}

/** The lab's own forge: git over ssh, with commands. */
export function forgeOverSsh(lab: Lab, { forge }: LabHosts): RehearsalForge {
  return {
    config: {
      ssh: { host: forge.address, user: 'git', privateKey: lab.operator.file, hostKeys: [forge.hostKey] },
      root: '/srv/git',
    },
    url: (repository) => `ssh://git@${forge.address}/srv/git/${repository}.git`,
  };
}

/** What a rehearsal may have in place of its usual parts. */
interface RehearsedParts {
  readonly forge?: RehearsalForge | undefined;
  readonly tailnet?: LabTailnet | undefined;
  readonly agents?: RealAgents | undefined;
}

/** Writes `cutover.yaml`, `loops.yaml` and `secrets.yaml` for these hosts. */
export async function writeRehearsalFiles(
  folder: string,
  lab: Lab,
  hosts: LabHosts,
  { forge = forgeOverSsh(lab, hosts), tailnet, agents }: RehearsedParts = {},
): Promise<RehearsalFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, content: unknown): Promise<void> =>
    writeFile(join(folder, name), stringify(content), { mode: 0o600 });
  const recipient = (
    await hosts.pi.host.run(['age-keygen', '-y', `${workspace}/.sops/master-age.txt`])
  ).stdout.trim();
  await Promise.all([
    write('cutover.yaml', withTailnet(cutoverConfig(lab, hosts, forge, agents), tailnet)),
    write('loops.yaml', rigConfig(hosts, forge, agents)),
    write('secrets.yaml', secretsConfig(recipient)),
  ]);
  return { folder, config: join(folder, 'cutover.yaml'), state: join(folder, 'state') };
}

const noTailnetStandIn = 'there is no tailnet: the hosts are peers on one bridge';

/**
 * The same in a tailnet, as the plan has it: the runbook reaches the Incus server, the old host and the new one through a SOCKS
 * proxy and by their names there; the new host joins as a direct peer, and so reaches the server that the loops look after.
 */
function withTailnet(config: CutoverConfig, tailnet: LabTailnet | undefined): object {
  if (tailnet === undefined) return config;
  const { control, tokenFile, runner, incusUrl, profile, cloudConfig } = tailnet;
  return {
    ...config,
    incus: { ...config.incus, url: incusUrl, socks5: runner },
    instance: { ...config.instance, profiles: ['default', profile], cloudConfig },
    old: { ...config.old, ssh: { ...config.old.ssh, host: 'pi', socks5: runner } },
    new: { ...config.new, address: newHostName, socks5: runner },
    nixos: {
      ...config.nixos,
      sshHosts: config.nixos.sshHosts.map((host) => ({ ...host, host: 'ccci' })),
    },
    tailnet: {
      loginServer: control.url,
      certificateAuthority: control.authority,
      mint: { tags: ['tag:rig'] },
      api: { type: 'headscale', token: tokenFile },
    },
    standIns: config.standIns.filter((text) => text !== noTailnetStandIn),
  };
}

type CutoverConfig = ReturnType<typeof cutoverConfig>;

function cutoverConfig(
  lab: Lab,
  { pi, ccci }: LabHosts,
  forge: RehearsalForge,
  agents: RealAgents | undefined,
) {
  const own = (role: string): string => `agent.mjs --role ${role}`;
  const process = agents === undefined ? own : (role: string): string => `step ${role}`;
  return {
    name: newHostName,
    incus: {
      url: lab.url,
      project: lab.project,
      certificate: lab.certificates.certificate,
      key: lab.certificates.key,
      serverCertificate: lab.certificates.serverCertificate,
    },
    instance: {
      image: lab.imageAlias,
      type: 'container',
      cpus: 2,
      memory: '2GiB',
      disk: '30GiB',
      pool: sizedPool,
    },
    ssh: { privateKey: lab.operator.file },
    old: {
      name: 'pi',
      ssh: { host: pi.address, privateKey: lab.operator.file, hostKeys: [pi.hostKey] },
      hostname: 'pi',
      user: 'loops',
      workspace,
      clones: ['cc-ci', 'cc-ci-adv'],
      resumePoint: resumePointFile,
      references: 'references',
      stop: [`${workspace}/cc-ci-plan/launch.sh`, 'stop'],
      start: [`${workspace}/cc-ci-plan/launch.sh`, 'start'],
      startEnv: { RESUME_PHASE: '1' },
      quiesceTimeout: '60s',
      units: ['cc-ci-loops.service'],
      cronMatch: 'cc-ci-plan/launch.sh',
      processes: [process('builder'), process('adversary'), own('watchdog')],
      tmuxSessions: ['cc-ci-builder', 'cc-ci-adversary', 'cc-ci-watchdog'],
      standbyUnits: ['cc-ci-tailscaled.service'],
    },
    new: { user: 'loops', workspace, swap: '512MiB' },
    forge: forge.config,
    repository: newHostName,
    repositories: [
      { repository: 'cc-ci', path: 'cc-ci' },
      { repository: 'cc-ci', path: 'cc-ci-adv' },
      { repository: 'cc-ci-plan', path: 'cc-ci-plan' },
      { repository: 'cc-ci-secrets', path: 'cc-ci-secrets' },
    ],
    ownership: { repository: 'cc-ci' },
    nixos: {
      nixpkgs: 'path:/srv/nixpkgs',
      sshHosts: [
        {
          alias: 'cc-ci',
          host: ccci.address,
          identityFile: '/home/loops/.ssh/cc-ci-root-ed25519',
          hostKeys: [ccci.hostKey],
        },
      ],
    },
    agent:
      agents === undefined
        ? {
            whoami: [`${workspace}/cc-ci-plan/bin/agent`, 'whoami'],
            loginHint: `${workspace}/cc-ci-plan/bin/agent login`,
          }
        : {
            whoami: ['loops', 'login-state', '--config', rigFile],
            loginHint: `${agents.program} auth login`,
          },
    orchestrator: {
      loop: 'orchestrator',
      old: {
        handOff:
          agents === undefined
            ? ['pkill', '-TERM', '-f', own('orchestrator')]
            : [`${workspace}/cc-ci-plan/bin/hand-off`],
        processes: [process('orchestrator')],
      },
    },
    handoff: { repository: workRepository, timeout: '120s' },
    health: { url: `http://${ccci.address}/health` },
    standIns: [
      'a container stands for the virtual machine: this machine has no KVM',
      'a small hand-written nixpkgs stands for the real one, so the closure links the image’s own tools',
      noTailnetStandIn,
      'a container shares its host’s swap, so the swap file is made and not used',
      ...(agents === undefined
        ? ['the agent is a small program that works, claims and reviews']
        : [
            'a small server stands for the API of the agents and says what they do; their login is made up',
            '--remote-control is left out: it needs a live login',
          ]),
      'the scripted operator stands for a person',
    ],
  };
}

function rigConfig({ ccci }: LabHosts, forge: RehearsalForge, agents: RealAgents | undefined): object {
  const remote = forge.url('cc-ci');
  const agent = (role: string, more: object = {}): object => ({
    command: [`${workspace}/cc-ci-plan/bin/agent`, '--role', role, '--workspace', workspace],
    environment: { ...author(role), ...(agents === undefined ? {} : { AGENT_LOGIN: 'none' }) },
    ...more,
  });
  const session =
    agents === undefined ? agent : (role: string, more: object = {}) => realAgent(agents, role, more);
  const clone = (folder: string): object => ({ cwd: folder, clone: folder });
  return {
    rig: rigName,
    workspace,
    runtimeDir: `/run/loops-${rigName}`,
    logDir: '.cc-ci-logs',
    environment: {
      PATH: '/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin',
      LOOPS_CONFIG: rigFile,
      HEALTH_URL: `http://${ccci.address}/health`,
    },
    ownership: { remote, owner: newHostName },
    loginPatterns: ['^Login expired'],
    phases: {
      plans: [0, 1, 2, 3].map((index) => `cc-ci-plan/plan-phase${index}.md`),
      mirror: '.cc-ci-logs/.phase-idx',
      repository: { remote },
      // Each move has one claim, always on the same phase: some tests move the rig a hundred times.
      maxRounds: 10_000,
    },
    loops: {
      builder: session('builder', { ...clone('cc-ci'), role: 'claimer' }),
      adversary: session('adversary', { ...clone('cc-ci-adv'), role: 'reviewer' }),
      watchdog: agent('watchdog'),
      orchestrator: session('orchestrator', { autostart: false }),
    },
  };
}

/** A session of Claude Code in a role; what goes on is told what to do in the words of its prompt. */
function realAgent({ program, environment }: RealAgents, role: string, more: object): object {
  const step = `${workspace}/cc-ci-plan/bin/agent step ${role}`;
  const work = role === 'orchestrator' ? `@run ${step}\n@say Orchestrator ready` : `@repeat ${step}`;
  return {
    agent: 'claude-code',
    command: [program, '--dangerously-skip-permissions'],
    prompt: { file: `cc-ci-plan/prompts/${role}.md` },
    goOn: `${goOnWords}\n\n${work}`,
    stall: { after: '10m' },
    environment: { ...author(role), ...environment },
    ...more,
  };
}

function author(role: string): Record<string, string> {
  const name = `${role.slice(0, 1).toUpperCase()}${role.slice(1)}`;
  const email = `${role}@cc-ci`;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}

function secretsConfig(recipient: string): object {
  return {
    recipients: [recipient],
    secrets: expectedSecrets.map(({ name, kind, source, path, file, key, owner, mode }) => ({
      name,
      kind,
      source: { host: 'pi', path: source },
      file,
      ...(key === undefined ? {} : { key }),
      path,
      owner,
      mode: `0${mode}`,
      consumers: [`${rigName} loops`],
      restartUnits: [],
    })),
  };
}
