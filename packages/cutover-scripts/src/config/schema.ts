import { duration, size } from '@cutover/foundation/config-values';
import { sizePattern, sizeRule } from '@cutover/foundation/size';
import { defaultOwnershipRef } from '@cutover/loops';
import * as z from 'zod';

const path = z.string().min(1);
const argv = z.array(z.string()).min(1);
/** A size that is handed on as it is written: Incus knows this notation. */
const incusSize = z.string({ error: sizeRule }).regex(sizePattern, sizeRule);
const hostName = z
  .string()
  .regex(
    /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a host name: a-z, 0-9 and -, beginning with a letter',
  )
  .describe('The name of the instance, its host name and its name on the tailnet');

const hostKeys = z
  .array(z.string().regex(/^(?:ssh-|ecdsa-)\S+ [A-Za-z0-9+/=]+/, 'must be a public key, as in a .pub file'))
  .min(1)
  .describe("The host's public keys, as in a .pub file: the connection is refused when it shows another");

/** The NixOS release that a new host is made from, where the config names no other. */
const nixosRelease = '26.05';

/** What NixOS and shadow accept; what it refuses would come out in phase B only, when the instance is there. */
const userName = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_-]{0,30}$/,
    'must be the name of a user: at most 31 of a-z, 0-9, _ and -, beginning with a letter',
  )
  .refine((name) => name !== 'root', 'must not be root: the loops have a user of their own');

const unitName = z
  .string()
  .regex(
    /^[A-Za-z0-9:_.@-]{1,200}$/,
    'must be the name of a unit: letters, digits, and : _ . @ -, with no spaces',
  );

const socks5 = z
  .strictObject({
    host: z.string().min(1).describe('Name or address of the proxy'),
    port: z.number().int().min(1).max(65535).describe('Its port'),
  })
  .describe('A SOCKS5 proxy to go through, e.g. that of a userspace tailscaled');

/** A secret text that is in a file of the operator's machine, or that a command prints there. */
const textSource = z.union([
  path,
  z.strictObject({ command: argv.describe('Prints it, e.g. out of an encrypted file') }),
]);

/** The same, or a secret that is on the old host. */
const secretValue = z.union([
  ...textSource.options,
  z.strictObject({
    secret: z.string().min(1).describe('The name of a secret in secrets.yaml'),
    variable: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable')
      .optional()
      .describe('Its variable, where the secret is a file of NAME=value lines'),
  }),
]);

const sshHopShape = {
  host: z.string().min(1).describe('Name or address'),
  port: z.number().int().min(1).max(65535).default(22).describe('Port of its sshd'),
  user: z.string().min(1).default('root').describe('The user to log in as'),
  privateKey: path.describe('File of the private key to log in with'),
  hostKeys: hostKeys.optional(),
  knownHosts: path.optional().describe('File of known hosts, where hostKeys is not given'),
};

/** What there is to verify a host by. */
function isVerifiable(hop: { readonly hostKeys?: unknown; readonly knownHosts?: unknown }): boolean {
  return hop.hostKeys !== undefined || hop.knownHosts !== undefined;
}
const unverifiable = 'needs hostKeys or knownHosts: a host key is always verified';

const sshHop = z.strictObject(sshHopShape).refine(isVerifiable, unverifiable);

/** The way to a host that is not reached directly. */
const wayShape = {
  socks5: socks5.optional(),
  proxyCommand: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A command whose standard input and output lead there, as ssh's ProxyCommand, e.g. tailscale nc %h %p",
    ),
  jump: z
    .array(sshHop)
    .min(1)
    .optional()
    .describe('The hosts to go by, in this order; socks5 or proxyCommand leads to the first'),
};

/** Two ways at once are none. */
function isOneWay(way: { readonly socks5?: unknown; readonly proxyCommand?: unknown }): boolean {
  return way.socks5 === undefined || way.proxyCommand === undefined;
}
const twoWays = 'has socks5 and proxyCommand; leave one of them out';

const sshEndpoint = z
  .strictObject({ ...sshHopShape, ...wayShape })
  .refine(isVerifiable, unverifiable)
  .refine(isOneWay, twoWays);

const incus = z.strictObject({
  url: z.url({ protocol: /^https$/ }).describe('The server, e.g. https://100.64.0.7:8443'),
  project: z.string().min(1).default('default').describe('The project that the instance is made in'),
  socks5: socks5.optional(),
  certificate: path.describe("File of the client's certificate (PEM)"),
  key: path.describe("File of the client's key (PEM)"),
  serverCertificate: path.describe("File of the server's certificate (PEM), which is pinned"),
});

const instance = z.strictObject({
  image: z.string().min(1).describe('Alias of a NixOS base image on the server'),
  type: z
    .enum(['virtual-machine', 'container'])
    .default('virtual-machine')
    .describe('What kind of instance it is'),
  cpus: z.number().int().min(1).default(2).describe('How many processors it has'),
  memory: incusSize.default('2GiB').describe('Its memory, e.g. 2GiB'),
  disk: incusSize.default('30GiB').describe('The size of its root disk, e.g. 30GiB'),
  profiles: z.array(z.string()).default(['default']).describe('Its Incus profiles, in this order'),
  pool: z.string().min(1).default('default').describe('Storage pool of the root disk'),
  cloudConfig: z
    .record(z.string(), z.json())
    .default({})
    .describe(
      'More cloud-config keys, none of them secret: they stand on the instance and in its repository. The host name and the login key of ssh.privateKey are always set',
    ),
  config: z
    .record(z.string(), z.string())
    .default({})
    .describe('More instance config keys, none of them secret'),
});

const oldHost = z.strictObject({
  name: hostName.describe('What to call the old host; also its owner name in the fenced epoch'),
  ssh: sshEndpoint.describe('How this machine reaches it, as root'),
  hostname: z
    .string()
    .optional()
    .describe('What `hostname` must answer there; proves that it is the right machine'),
  user: z.string().min(1).describe('The user whose loops run there'),
  workspace: path.describe('The absolute path of the workspace of the rig'),
  clones: z.array(path).min(1).describe('The working clones of the loops, absolute or below the workspace'),
  resumePoint: path
    .optional()
    .describe('The file that counts the plan phases, e.g. .phase-idx; left out where the rig has none'),
  references: path.optional().describe('A folder of references to carry over'),
  stop: argv.describe('Stops the rig gently, e.g. [/srv/rig/launch.sh, stop]'),
  start: argv.describe(
    "Starts the rig again; used by a rollback. Its program loses the execute permission while the loops are on the new host, unless it is the system's or an interpreter's",
  ),
  startEnv: z.record(z.string(), z.string()).default({}).describe('Variables for start'),
  quiesceTimeout: duration
    .prefault('120s')
    .describe('How long the loops may take to a safe point, e.g. 120s'),
  units: z.array(z.string()).default([]).describe('systemd units that start the rig; disabled and masked'),
  cronMatch: z
    .string()
    .optional()
    .describe("Text that marks the rig's lines in the user's crontab; such lines are commented out"),
  processes: z
    .array(z.string().min(1))
    .min(1)
    .describe('Texts: a process whose command line holds one of them is a loop of the rig'),
  tmuxSessions: z.array(z.string()).default([]).describe('The names of its tmux sessions'),
  standbyUnits: z
    .array(unitName)
    .default([])
    .describe(
      'Units that only the rig needed, e.g. its proxy; stopped and disabled once the new rig has handed over work',
    ),
});

const newHostShape = z.strictObject({
  user: userName.default('loops').describe('The user that the loops run as; the deploy makes it'),
  workspace: path.optional().describe('Default: that of the old host'),
  address: z
    .string()
    .optional()
    .describe('Name or address to reach it at; default: the first global IPv4 address of the instance'),
  ...wayShape,
  swap: size.prefault('2GiB').describe('Size of the swap file, e.g. 2GiB'),
});

const newHost = newHostShape.refine(isOneWay, twoWays);

const sshForge = z.strictObject({
  type: z.literal('ssh').default('ssh').describe('Git over ssh, with commands that its git user runs'),
  ssh: sshEndpoint.describe('The git server. Its user runs git and the commands below'),
  root: path.describe('Where its repositories are, e.g. /srv/git'),
  createRepository: argv
    .default(['init', '{repository}'])
    .describe('Makes a private repository; run over ssh, exit 0 also when it is there'),
  authorizeKey: argv
    .default(['authorize', '{name}'])
    .describe('Lets a host in; run over ssh with its public key on standard input'),
  listKeys: argv
    .default(['keys'])
    .describe('Prints the keys that are let in, one a line: NAME SHA256:FINGERPRINT'),
  revokeKey: argv
    .default(['revoke', '{fingerprint}'])
    .describe('Takes a key away from all repositories, and ends its open sessions'),
});

const token = textSource.describe('File of a token, or a command that prints it');
const httpsUrl = z.url({ protocol: /^https$/ });
const authority = path
  .optional()
  .describe(
    'File of what its certificate is verified by (PEM), where this machine does not trust it already',
  );

const giteaForge = z.strictObject({
  type: z.literal('gitea').describe('A Gitea: its API makes repositories, and gives and takes deploy keys'),
  url: httpsUrl.describe('Its address, e.g. https://git.example.org'),
  organization: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be the name of an organization')
    .describe('The organization whose repositories the config names'),
  token: token.describe(
    'File of the token of a bot, or a command that prints it; scopes read:user, write:organization, write:repository',
  ),
  certificate: authority,
  socks5: socks5.optional(),
  ssh: z
    .strictObject({
      host: z.string().min(1).describe('Name or address'),
      port: z.number().int().min(1).max(65535).default(22).describe('Port of its sshd'),
      user: z.string().min(1).default('git').describe('The user of its git'),
      hostKeys: hostKeys.optional(),
      knownHosts: path.optional().describe('File of known hosts, where hostKeys is not given'),
    })
    .refine(({ hostKeys: pinned, knownHosts }) => pinned !== undefined || knownHosts !== undefined, {
      message: 'needs hostKeys or knownHosts: a host key is always verified',
    })
    .describe('Where the hosts reach git, each by a deploy key of its own'),
});

const gitForge = z
  .strictObject({
    type: z
      .literal('git')
      .describe('Git and nothing else: a person makes the repositories, and gives and takes the keys'),
    ssh: sshEndpoint.optional().describe('The git server, e.g. github.com with the user git'),
    root: z
      .string()
      .regex(/^(?:\/.*[^/])?$/, 'must begin with / and not end with it')
      .default('')
      .describe('With ssh: what stands before the name of a repository, e.g. /ORGANIZATION'),
    https: z
      .strictObject({
        url: httpsUrl.describe(
          'What stands before the name of a repository, e.g. https://github.com/ORGANIZATION',
        ),
        token: token
          .optional()
          .describe(
            'File of a token for this machine, or a command that prints it; default: what git itself has for that address',
          ),
        user: z.string().min(1).default('git').describe('The user that goes with the token'),
        certificate: authority,
        socks5: socks5.optional(),
      })
      .optional()
      .describe('In place of ssh: git over https, for this machine and for the hosts'),
  })
  .refine(({ ssh, https }) => (ssh === undefined) !== (https === undefined), {
    message: 'needs ssh or https, and one of them only',
  });

const forge = z.discriminatedUnion('type', [sshForge, giteaForge, gitForge], {
  error: ({ code }) => (code === 'invalid_union' ? 'must be ssh, gitea or git' : undefined),
});

const workingRepository = z.strictObject({
  repository: z.string().min(1).describe('Name on the forge, or a whole git URL'),
  path: path.describe('Where it is cloned, absolute or below the workspace'),
  branch: z.string().min(1).default('main').describe('The branch that is checked out'),
});

const nixos = z.strictObject({
  nixpkgs: z
    .string()
    .min(1)
    .default(`github:NixOS/nixpkgs/nixos-${nixosRelease}`)
    .describe('The flake input nixpkgs'),
  system: z.string().default('x86_64-linux').describe('The system type of the new host, as Nix calls it'),
  stateVersion: z
    .string()
    .regex(/^\d\d\.\d\d$/, 'must be a NixOS release, e.g. 26.05')
    .default(nixosRelease)
    .describe('The NixOS release that the instance is first installed with'),
  timeZone: z
    .string()
    .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, 'must be a time zone, e.g. Europe/Berlin')
    .default('UTC')
    .describe('Its time zone, e.g. Europe/Berlin'),
  packages: z
    .array(z.string())
    .default(['git', 'tmux', 'nodejs', 'jq', 'openssh', 'rsync', 'coreutils', 'python3', 'curl', 'age'])
    .describe("By their names in nixpkgs: on the machine, and in the loops' PATH"),
  unfree: z
    .array(z.string())
    .default([])
    .describe('Names of unfree packages that may be used, e.g. claude-code'),
  sshHosts: z
    .array(
      z.strictObject({
        alias: z.string().min(1).describe('The name that the loops use'),
        host: z.string().min(1).describe('Name or address'),
        user: z.string().default('root').describe('The user to log in as'),
        port: z.number().int().default(22).describe('Port of its sshd'),
        identityFile: path
          .optional()
          .describe('File of the private key, on the new host; default: the usual ones of the user'),
        throughProxy: z.boolean().default(false).describe('Reach it through nixos.proxy'),
        hostKeys,
      }),
    )
    .default([])
    .describe('Hosts that the loops reach by ssh'),
  proxy: z
    .strictObject({
      name: unitName.default('tailscaled-proxy').describe('Name of its unit'),
      port: z.number().int().min(1).max(65535).describe('Of the SOCKS5 proxy on the loopback address'),
      authKeyFile: path
        .optional()
        .describe(
          'File on the new host that holds a one-off auth key; it is removed when the host has joined, unless it is a link to a secret. Not together with tailnet, which brings the key without a file',
        ),
      loginServer: z.url().optional().describe('The control server, with authKeyFile'),
      openToTailnet: z
        .boolean()
        .default(false)
        .describe(
          'Let peers in. In user space they reach every port that listens on the loopback address, the SOCKS port too',
        ),
      forge: z.boolean().default(false).describe('The new host reaches the forge through this proxy'),
    })
    .optional()
    .describe('A userspace tailscaled with a SOCKS5 proxy, where the host is no direct peer of the tailnet'),
});

const tailnet = z
  .strictObject({
    loginServer: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("The control server. Default: the vendor's"),
    certificateAuthority: path
      .optional()
      .describe(
        "File of the authority (PEM) of the control server's certificate, where that is a private one",
      ),
    authKey: secretValue
      .optional()
      .describe('A one-off auth key: its file, a command that prints it, or its secret'),
    mint: z
      .strictObject({
        tags: z
          .array(z.string().regex(/^tag:[A-Za-z][A-Za-z0-9-]*$/, 'must be a tag, e.g. tag:rig'))
          .min(1)
          .describe('The tags of the node, e.g. [tag:rig]'),
        expiry: duration.prefault('10m').describe('How long the key can be used, e.g. 10m'),
      })
      .optional()
      .describe('Make the one-off auth key at the moment of joining, by the API'),
    api: z
      .strictObject({
        type: z.enum(['headscale', 'tailscale']).describe("headscale's API, or the vendor's"),
        url: z
          .url({ protocol: /^https?$/ })
          .optional()
          .describe("The server of the API. Default: loginServer for headscale, the vendor's for tailscale"),
        token: secretValue.describe(
          'The token of the API: its file, a command that prints it, or its secret',
        ),
        tailnet: z
          .string()
          .min(1)
          .default('-')
          .describe("The vendor's name of the tailnet; - is that of the token"),
      })
      .optional()
      .describe('With a token, keys are checked before anything is made, and a rollback removes the node'),
  })
  .refine(({ authKey, mint }) => (authKey === undefined) !== (mint === undefined), {
    message: 'needs authKey or mint, and not both',
  })
  .refine(({ mint, api }) => mint === undefined || api !== undefined, {
    path: ['api'],
    message: 'is needed by tailnet.mint, which makes the key with its token',
  })
  .refine(({ api, loginServer }) => api?.type !== 'headscale' || (api.url ?? loginServer) !== undefined, {
    path: ['loginServer'],
    message: 'is needed by an api of type headscale, or api.url',
  })
  .describe('Join this tailnet: as a direct peer, or by nixos.proxy where that is given');

const agent = z.strictObject({
  whoami: argv.describe("One tiny live call that proves the agent's login; run as the loops' user"),
  loginHint: z.string().min(1).describe('What the operator types there to log in'),
});

const orchestrator = z.strictObject({
  old: z
    .strictObject({
      handOff: argv.describe('Asks the old session to write its note and end; run there as the rig user'),
      processes: z.array(z.string().min(1)).min(1).describe('Texts in the command line of the old session'),
    })
    .optional()
    .describe('The orchestrator session on the old host, which hands off in phase E'),
  loop: z
    .string()
    .min(1)
    .optional()
    .describe('The loop of loops.yaml that is its session; left out where the rig has none'),
  stateNote: path.default('CUTOVER.md').describe("The old side's state note, below the workspace"),
});

/** The shape of `cutover.yaml`. */
export const cutoverSchema = z
  .strictObject({
    name: hostName,
    incus: incus.describe('The Incus server, and how it is reached'),
    instance: instance.describe('The new host, as an instance'),
    ssh: z
      .strictObject({
        privateKey: path.describe("File of the private key which the new host's root accepts"),
      })
      .describe('How this machine logs in to the new host'),
    old: oldHost.describe('The host that has the rig now'),
    new: newHost.prefault({}).describe('The new host, as the loops find it'),
    forge: forge.describe('The git server of the rig'),
    repository: z.string().min(1).describe('The repository of the NixOS configuration; made in phase B'),
    repositories: z
      .array(workingRepository)
      .default([])
      .describe('The working repositories, cloned afresh in phase C'),
    ownership: z
      .strictObject({
        repository: z.string().min(1).describe('The repository that holds the ownership ref'),
        ref: z.string().startsWith('refs/').default(defaultOwnershipRef).describe('The ownership ref'),
        lease: duration
          .prefault('10m')
          .describe('How long the owner may go on when it cannot confirm the ownership, e.g. 10m'),
      })
      .describe('Where it is written who owns the loops'),
    secrets: path.default('./secrets.yaml').describe('The file that names the secrets that move'),
    loops: path.default('./loops.yaml').describe('The rig as it runs on the new host'),
    nixos: nixos.prefault({}).describe('What its NixOS configuration says'),
    agent: agent.optional().describe('How the agent is logged in; left out where nothing needs a login'),
    orchestrator: orchestrator
      .prefault({})
      .describe('The session that supervises the loops, on both hosts; left out where the rig has none'),
    handoff: z
      .strictObject({
        repository: z.string().min(1).describe('The repository of the loop that works'),
        proof: z
          .enum(['verdict', 'commit'])
          .default('verdict')
          .describe(
            'verdict: a new commit, its claim and its verdict; commit: a new commit, where the rig has no claims',
          ),
        timeout: duration.prefault('15m').describe('How long the first handoff may take, e.g. 15m'),
      })
      .optional()
      .describe('What proves that the loops work; left out: that each of them runs'),
    health: z
      .strictObject({
        url: z.url({ protocol: /^https?$/ }).describe('Its address'),
        status: z.number().int().default(200).describe('The HTTP status that is healthy'),
      })
      .optional()
      .describe('The public health page of what the loops look after'),
    tailnet: tailnet.optional(),
    approvers: z
      .strictObject({
        allowedSigners: path.describe(
          "File of ssh-keygen's allowed signers, `NAME TYPE KEY` a line: an approval counts when it is signed by a key of the one who gives it",
        ),
      })
      .optional()
      .describe('Who may approve gates, by signature; default: each user who can write the state directory'),
    notify: z
      .array(
        z.strictObject({
          on: z
            .array(z.enum(['gate.opened', 'gate.waiting', 'failed', 'done']))
            .min(1)
            .describe('What it is told of'),
          command: argv.describe('Gets one document of JSON on standard input'),
          every: duration.prefault('1h').describe('The time from one gate.waiting to the next, e.g. 1h'),
        }),
      )
      .default([])
      .describe('Commands that are told when a gate opens or waits, and how a run ends'),
    standIns: z
      .array(z.string())
      .default([])
      .describe('What stands in for the real thing in a rehearsal; the report says so'),
  })
  .refine(
    ({ tailnet: joins, nixos: { proxy } }) =>
      proxy === undefined || (joins === undefined) !== (proxy.authKeyFile === undefined),
    {
      path: ['nixos', 'proxy'],
      message: 'needs tailnet or an authKeyFile, and not both: one of them brings the key',
    },
  )
  .refine(({ tailnet: joins, nixos: { proxy } }) => joins === undefined || proxy?.loginServer === undefined, {
    path: ['nixos', 'proxy', 'loginServer'],
    message: 'contradicts tailnet; name tailnet.loginServer alone',
  })
  .transform((settings) => ({
    ...settings,
    new: { ...settings.new, workspace: settings.new.workspace ?? settings.old.workspace },
  }));

/**
 * `cutover.yaml`, parsed: defaults filled in, durations in milliseconds, `new.swap` in bytes.
 * @interface
 */
export type CutoverSettings = z.infer<typeof cutoverSchema>;
export type SshEndpoint = z.infer<typeof sshEndpoint>;
/** A host on the way to another. */
export type SshHop = z.infer<typeof sshHop>;
/** How a host is reached that is not reached directly. */
export type SshWay = Pick<SshEndpoint, 'socks5' | 'proxyCommand' | 'jump'>;
export type SecretValue = z.infer<typeof secretValue>;
