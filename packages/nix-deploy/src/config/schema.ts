import { duration, size } from '@cutover/foundation/config-values';
import * as z from 'zod';

import { configurationName, profileName, specialisationName, storePathPattern } from '../names.ts';

const port = z.int().min(1).max(65_535);
const path = z.string().min(1);

const sshFields = {
  host: z.string().min(1).describe('Name or address'),
  port: port.optional().describe('Port of its sshd; default 22'),
  user: z.string().min(1).optional().describe('The user to log in as; default root'),
  privateKey: path
    .optional()
    .describe(
      'File of the private key to log in with; default: the agent of SSH_AUTH_SOCK, or the keys of ~/.ssh',
    ),
  hostKeys: z
    .array(z.string())
    .nonempty()
    .optional()
    .describe("The host's public keys, as in a .pub file: the connection is refused when it shows another"),
  knownHosts: path
    .optional()
    .describe('File of known hosts, where hostKeys is not given; default: ~/.ssh/known_hosts'),
  socks5: z
    .strictObject({
      host: z.string().min(1).describe('Name or address of the proxy'),
      port: port.default(1080).describe('Its port'),
    })
    .optional()
    .describe('A SOCKS5 proxy to go through, e.g. that of a userspace tailscaled'),
};

const ssh = z
  .object({ ...sshFields, jump: z.object(sshFields).strict().optional().describe('A host to go through') })
  .strict();

const checkTimeout = duration
  .optional()
  .describe('How long it is tried; default: until the confirmation is due');

const healthCheck = z.discriminatedUnion(
  'type',
  [
    z
      .object({
        type: z.literal('command').describe('A command ends with exit code 0'),
        argv: z.array(z.string()).nonempty().describe('The command and its arguments; no shell reads them'),
        on: z.enum(['target', 'here']).optional().describe('Where it runs; default target'),
        timeout: checkTimeout,
      })
      .strict(),
    z
      .object({
        type: z.literal('http').describe('A page answers'),
        url: z.url().describe('Its address'),
        status: z.int().optional().describe('The HTTP status that is expected; default: any 2xx'),
        contains: z.string().optional().describe('Text that the answer must contain'),
        from: z
          .enum(['target', 'here'])
          .optional()
          .describe('Where it is asked from; default here; the target asks by curl'),
        timeout: checkTimeout,
      })
      .strict(),
    z
      .object({
        type: z.literal('units').describe('Each unit is active'),
        units: z.array(z.string()).nonempty().describe('Names of units, e.g. nginx.service'),
        timeout: checkTimeout,
      })
      .strict(),
    z
      .object({
        type: z.literal('port').describe('Something accepts TCP connections, as seen from here'),
        host: z.string().describe('Name or address'),
        port: port.describe('The port'),
        timeout: checkTimeout,
      })
      .strict(),
  ],
  { error: 'must be command, http, units or port' },
);

const atLeastASecond = duration.refine((milliseconds) => milliseconds >= 1000, 'must be at least 1s');

const place = z.enum(['target', 'here']);

const deployFields = {
  flake: z
    .string()
    .optional()
    .describe(
      'Flake reference, as seen from where it is evaluated; a relative path is evaluated here. The configuration may follow after #',
    ),
  configuration: z
    .string()
    .regex(configurationName, 'the name of a configuration has letters, digits, ., _ and -')
    .optional()
    .describe('Attribute of nixosConfigurations; default: the target’s host name'),
  storePath: z
    .string()
    .regex(storePathPattern, 'must be a store path, e.g. /nix/store/<hash>-nixos-system-web')
    .optional()
    .describe('A system that is built already, instead of a flake'),
  profile: z
    .string()
    .regex(profileName, 'must be the name of a profile or an absolute path')
    .optional()
    .describe('The profile, as nixos-rebuild’s --profile-name; default system'),
  specialisation: z
    .string()
    .regex(specialisationName, 'the name of a specialisation has letters, digits, ., _, + and -')
    .optional()
    .describe('The specialisation that is activated; what boots is the system itself'),
  buildOn: z
    .union([place, z.string().min(1), z.object({ ssh: ssh.describe('How to reach it') }).strict()])
    .optional()
    .describe('target (default), here, the name of another target, or another host'),
  evaluateOn: place.optional().describe('Where the flake is evaluated; default: where it is built'),
  engine: z
    .enum(['nix', 'nixos-rebuild'])
    .optional()
    .describe('What evaluates and builds a flake; default nix'),
  substitute: z
    .boolean()
    .optional()
    .describe(
      'The target fetches from its binary caches what they have, before the rest is copied; default false',
    ),
  requireSignatures: z
    .boolean()
    .optional()
    .describe('Refuse a closure that bears no signature which the target trusts; default false'),
  sudo: z.boolean().optional().describe('Become root through sudo -n; default false: the user is root'),
  confirmTimeout: atLeastASecond
    .optional()
    .describe('Until an unconfirmed target restores itself; default 60s'),
  activationTimeout: atLeastASecond.optional().describe('How long the activation may take; default 10m'),
  mayStop: z
    .array(z.string())
    .optional()
    .describe('Units that connections may stand on and that a deploy may stop, e.g. tailscaled.service'),
  minFree: z
    .strictObject({
      store: size.optional().describe('In /nix/store; default 256MiB'),
      boot: size.optional().describe('In /boot; default 32MiB'),
    })
    .optional()
    .describe('Free space that must be there before a deploy begins'),
  healthChecks: z
    .array(healthCheck)
    .optional()
    .describe('What must hold, on a fresh connection, before a deploy is confirmed'),
  nixOptions: z
    .array(z.string())
    .optional()
    .describe('More options for nix, or for nixos-rebuild as the engine'),
};

/** `nix-deploy.yaml`. */
export const deployConfig = z
  .object({
    defaults: z
      .object(deployFields)
      .strict()
      .optional()
      .describe('For each target that has no value of its own'),
    targets: z
      .record(
        z
          .string()
          .regex(
            /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
            'the name of a target has letters, digits, ., _ and -, and begins with a letter or digit',
          ),
        z
          .object({
            ...deployFields,
            ssh: ssh.optional().describe('How to reach it; default: it is this machine'),
            tags: z
              .array(z.string().regex(/^[A-Za-z0-9._-]+$/))
              .optional()
              .describe('Names for groups of targets: @tag on the command line'),
            machineId: z.string().optional().describe('Its /etc/machine-id, checked before anything else'),
            hostName: z.string().optional().describe('Its host name, checked before anything else'),
          })
          .strict()
          .refine(({ flake, storePath }) => flake === undefined || storePath === undefined, {
            path: ['storePath'],
            error: 'a target has a flake or a storePath, not both',
          })
          .refine(
            ({ flake, configuration }) => flake?.includes('#') !== true || configuration === undefined,
            {
              path: ['configuration'],
              error: 'the flake names a configuration after its # already',
            },
          ),
      )
      .describe('The hosts, by name'),
    fleet: z
      .object({
        parallel: z.int().min(1).optional().describe('How many targets at once; default 5'),
        evaluateAtOnce: z
          .int()
          .min(1)
          .optional()
          .describe('Configurations of one flake that one nix evaluates here; default: as memory allows'),
        canaries: z
          .array(z.string())
          .optional()
          .describe('Names of targets that go first; if one of them fails, no other is started'),
        onFailure: z
          .enum(['halt', 'continue'])
          .optional()
          .describe('What a failure means for targets that were not started yet; default halt'),
        revoke: z
          .boolean()
          .optional()
          .describe(
            'After a failure, those that succeeded go back to the generation that they had; default false',
          ),
      })
      .strict()
      .optional()
      .describe('How several targets are deployed to'),
  })
  .strict()
  .superRefine(({ targets, defaults, fleet }, context) => {
    const requireTarget = (name: string, also: readonly string[], key: (string | number)[]): void => {
      const known = [...also, ...Object.keys(targets)];
      if (known.includes(name)) return;
      const message = `there is no target ${name}; it is one of ${known.join(', ')}`;
      context.addIssue({ code: 'custom', path: key, message });
    };
    const builders = [
      [['defaults'], defaults] as const,
      ...Object.entries(targets).map(([name, target]) => [['targets', name], target] as const),
    ];
    for (const [key, { buildOn } = {}] of builders) {
      if (typeof buildOn === 'string') requireTarget(buildOn, place.options, [...key, 'buildOn']);
    }
    for (const [index, name] of (fleet?.canaries ?? []).entries()) {
      requireTarget(name, [], ['fleet', 'canaries', index]);
    }
  })
  .meta({ title: 'nix-deploy.yaml', description: 'NixOS hosts, and what is deployed to each' });

/**
 * `nix-deploy.yaml` as it was read: durations in milliseconds, sizes in bytes. Its JSON Schema is
 * `schema/nix-deploy.schema.json`.
 * @interface
 */
export type DeployConfig = z.infer<typeof deployConfig>;
/**
 * One target of `nix-deploy.yaml`.
 * @interface
 */
export type TargetConfig = DeployConfig['targets'][string];
export type SshConfig = z.infer<typeof ssh>;
export type HealthCheckConfig = z.infer<typeof healthCheck>;
