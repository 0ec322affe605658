import { posix } from 'node:path';
import {
  type Address,
  answerOf,
  commandWords,
  optionalAnswer,
  parseAddress,
  workspaceOf,
} from './answers.ts';
import type { Collected } from './collected.ts';
import { forgeAnswer } from './forge-answer.ts';
import { findStarts } from './old-starts.ts';

/** What `cutover.yaml` is made from. */
export interface CutoverParts extends Collected {
  /** The loops' repositories, by where they are cloned. */
  readonly repositories: readonly WorkingRepository[];
  readonly ownershipRepository: string;
  readonly resumePoint: string | undefined;
  /** The rig counts plan phases, and has a loop that claims and one that reviews. */
  readonly verdicts: boolean;
}

/** A repository of the loops. */
export interface WorkingRepository {
  /** Its name at the forge, or its whole URL where it is elsewhere. */
  readonly repository: string;
  readonly path: string;
  readonly branch: string;
}

/** What `cutover.yaml` says. */
export function cutoverContent(parts: CutoverParts): object {
  const { answers, loops, repositories } = parts;
  const of = (flag: string): string => answerOf(answers, flag);
  const workspace = workspaceOf(answers);
  const claude = loops.some(({ agent }) => agent === 'claude-code');
  const check = optionalAnswer(answers, 'login-check');
  const session = loops.find(({ orchestrator }) => orchestrator);
  return {
    name: of('name'),
    incus: {
      url: of('incus'),
      project: of('incus-project'),
      certificate: of('incus-certificate'),
      key: of('incus-key'),
      serverCertificate: of('incus-server-certificate'),
    },
    instance: {
      image: of('image'),
      type: of('instance-type'),
      pool: of('pool'),
      // The boot loader of NixOS is not signed.
      config: of('instance-type') === 'virtual-machine' ? { 'security.secureboot': 'false' } : undefined,
    },
    ssh: { privateKey: of('ssh-key') },
    old: oldContent(parts),
    new: { user: of('old-user'), workspace, swap: of('swap') },
    forge: forgeContent(parts),
    repository: of('repository'),
    repositories: repositories.map(({ repository, path, branch }) => ({
      repository,
      path: posix.relative(workspace, path),
      branch: branch === 'main' ? undefined : branch,
    })),
    ownership: { repository: parts.ownershipRepository },
    nixos: {
      nixpkgs: optionalAnswer(answers, 'nixpkgs'),
      packages: claude ? [...packages, 'claude-code'] : undefined,
      unfree: claude ? ['claude-code'] : undefined,
    },
    agent:
      check === undefined
        ? undefined
        : { whoami: commandWords(check), loginHint: optionalAnswer(answers, 'login-hint') ?? check },
    orchestrator: session && {
      loop: session.name,
      old: {
        handOff: ['pkill', '-TERM', '-f', '--', escapeRegExp(session.process)],
        processes: [session.process],
      },
    },
    handoff: { repository: parts.ownershipRepository, proof: parts.verdicts ? 'verdict' : 'commit' },
    health: optionalAnswer(answers, 'health') && { url: of('health') },
    secrets: './secrets.yaml',
    loops: './loops.yaml',
  };
}

function forgeContent(parts: CutoverParts): object {
  const { answers } = parts;
  const forge = forgeAnswer(answers);
  if (forge.type !== 'gitea')
    return {
      type: forge.type === 'git' ? 'git' : undefined,
      ssh: endpoint(parts, forge.ssh, answerOf(answers, 'forge-key')),
      root: forge.root,
    };
  const { url, organization, ssh } = forge;
  return {
    type: 'gitea',
    url,
    organization,
    token: answerOf(answers, 'forge-token'),
    ssh: endpoint(parts, ssh),
  };
}

const packages = ['git', 'tmux', 'nodejs', 'jq', 'openssh', 'rsync', 'coreutils', 'python3', 'curl', 'age'];

function oldContent({ answers, facts, loops, resumePoint, hostKeys, ...parts }: CutoverParts): object {
  const of = (flag: string): string => answerOf(answers, flag);
  const workspace = workspaceOf(answers);
  const below = (path: string): string => posix.relative(workspace, path);
  const working = [...new Set(loops.flatMap(({ clone }) => (clone === undefined ? [] : [clone.path])))];
  const clones = working.length > 0 ? working : parts.repositories.map(({ path }) => path);
  const { cronMatch } = findStarts(workspace, facts);
  const environment = facts.units.flatMap((unit) => unit.environment).filter(isPlainVariable);
  const moved = loops.filter(({ orchestrator }) => !orchestrator);
  return {
    name: of('old-name'),
    ssh: endpoint({ answers, hostKeys }, parseAddress(of('old-host')), of('ssh-key')),
    hostname: facts.hostname === '' ? undefined : facts.hostname,
    user: of('old-user'),
    workspace,
    clones: clones.map(below),
    resumePoint: resumePoint === undefined ? undefined : below(resumePoint),
    references: facts.references.map(below)[0],
    stop: commandWords(of('stop')),
    start: commandWords(of('start')),
    startEnv: Object.fromEntries(environment.map((one) => one.split('=', 2))),
    units: facts.units.map(({ name }) => name),
    cronMatch,
    processes: moved.map(({ process }) => process),
    tmuxSessions: moved.map(({ session }) => session),
  };
}

/** Whether `NAME=value` is surely no secret: neither its value nor its name looks like one. */
export function isPlainVariable(variable: string): boolean {
  const [, name] = /^([A-Za-z_]\w*)=[\w./:-]{0,20}$/.exec(variable) ?? [];
  return name !== undefined && !/key|token|secret|pass|pwd|auth|cred/i.test(name);
}

/** An ssh endpoint, with its host keys or with the file that must have them. */
function endpoint(
  { answers, hostKeys }: Pick<CutoverParts, 'answers' | 'hostKeys'>,
  address: Address,
  privateKey?: string,
): object {
  const { host, port, user } = address;
  const keys = hostKeys(address);
  return {
    host,
    port: port === 22 ? undefined : port,
    user,
    privateKey,
    ...(keys.length > 0 ? { hostKeys: keys } : { knownHosts: answerOf(answers, 'known-hosts') }),
  };
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
