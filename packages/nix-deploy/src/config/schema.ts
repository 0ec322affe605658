import { duration, size } from '@cutover/foundation/config-values';
import * as z from 'zod';

import { configurationName, profileName, specialisationName, storePathPattern } from '../names.ts';

const port = z.int().min(1).max(65_535);
const path = z.string().min(1);

const sshFields = {
  host: z.string().min(1).describe('Name or address'),
  port: port.optional().describe('Default 22'),
  user: z.string().min(1).optional().describe('Default root'),
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
    .strictObject({ host: z.string().min(1), port: port.default(1080) })
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
        type: z.literal('command'),
        argv: z.array(z.string()).nonempty(),
        on: z.enum(['target', 'here']).optional(),
        timeout: checkTimeout,
      })
      .strict(),
    z
      .object({
        type: z.literal('http'),
        url: z.url(),
        status: z.int().optional(),
        contains: z.string().optional(),
        from: z.enum(['target', 'here']).optional(),
        timeout: checkTimeout,
      })
      .strict(),
    z
      .object({ type: z.literal('units'), units: z.array(z.string()).nonempty(), timeout: checkTimeout })
      .strict(),
    z.object({ type: z.literal('port'), host: z.string(), port, timeout: checkTimeout }).strict(),
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
  profile: z.string().regex(profileName, 'must be the name of a profile or an absolute path').optional(),
  specialisation: z
    .string()
    .regex(specialisationName, 'the name of a specialisation has letters, digits, ., _, + and -')
    .optional(),
  buildOn: z
    .union([place, z.string().min(1), z.object({ ssh }).strict()])
    .optional()
    .describe('target (default), here, the name of another target, or another host'),
  evaluateOn: place.optional(),
  engine: z
    .enum(['nix', 'nixos-rebuild'])
    .optional()
    .describe('What evaluates and builds a flake; default nix'),
  substitute: z.boolean().optional(),
  requireSignatures: z.boolean().optional().describe('Refuse a closure that the target does not trust'),
  sudo: z.boolean().optional(),
  confirmTimeout: atLeastASecond
    .optional()
    .describe('Until an unconfirmed target restores itself; default 60s'),
  activationTimeout: atLeastASecond.optional().describe('Default 10m'),
  mayStop: z
    .array(z.string())
    .optional()
    .describe('Units that connections may stand on and that a deploy may stop, e.g. tailscaled.service'),
  minFree: z
    .strictObject({
      store: size.optional().describe('Default 256MiB'),
      boot: size.optional().describe('Default 32MiB'),
    })
    .optional()
    .describe('Free space that must be there before a deploy begins'),
  healthChecks: z.array(healthCheck).optional(),
  nixOptions: z.array(z.string()).optional(),
};

/** `nix-deploy.yaml`. */
export const deployConfig = z
  .object({
    defaults: z
      .object(deployFields)
      .strict()
      .optional()
      .describe('For each target that has no value of its own'),
    targets: z.record(
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
        .refine(({ flake, configuration }) => flake?.includes('#') !== true || configuration === undefined, {
          path: ['configuration'],
          error: 'the flake names a configuration after its # already',
        }),
    ),
    fleet: z
      .object({
        parallel: z.int().min(1).optional().describe('Default 5'),
        evaluateAtOnce: z
          .int()
          .min(1)
          .optional()
          .describe('Configurations of one flake that one nix evaluates here; default: as memory allows'),
        canaries: z.array(z.string()).optional(),
        onFailure: z.enum(['halt', 'continue']).optional(),
        revoke: z.boolean().optional(),
      })
      .strict()
      .optional(),
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
  });

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
