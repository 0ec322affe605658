import * as z from 'zod';

const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, 'write a duration as 500ms, 60s, 5m, 1h or 7d')
  .describe('A duration: 500ms, 60s, 5m, 1h or 7d');

const port = z.int().min(1).max(65_535);

const sshFields = {
  host: z.string().describe('Name or address'),
  port: port.optional().describe('Default 22'),
  user: z.string().optional().describe('Default root'),
  identityFile: z
    .string()
    .optional()
    .describe('Private key on this machine; the agent of SSH_AUTH_SOCK without it'),
  hostKeys: z
    .array(z.string())
    .optional()
    .describe('Pinned host keys; known_hosts files are read without them'),
  knownHostsFile: z.string().optional(),
  socksProxy: z.object({ host: z.string(), port: port.optional() }).strict().optional(),
};

const ssh = z
  .object({ ...sshFields, jump: z.object(sshFields).strict().optional().describe('A host to go through') })
  .strict();

const checkTimeout = duration
  .optional()
  .describe('How long it is tried; all of the time there is without it');

const healthCheck = z.discriminatedUnion('type', [
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
]);

const place = z.enum(['target', 'here']);

const deployFields = {
  flake: z.string().optional().describe('Flake reference, as seen from where it is evaluated'),
  configuration: z
    .string()
    .optional()
    .describe('Attribute of nixosConfigurations; the target’s host name without it'),
  storePath: z.string().optional().describe('A system that is built already, instead of a flake'),
  profile: z.string().optional(),
  specialisation: z.string().optional(),
  buildOn: z
    .union([place, z.object({ ssh }).strict()])
    .optional()
    .describe('target (default), here, or another host'),
  evaluateOn: place.optional(),
  engine: z
    .enum(['nix', 'nixos-rebuild'])
    .optional()
    .describe('What evaluates and builds a flake; default nix'),
  substitute: z.boolean().optional(),
  requireSignatures: z.boolean().optional().describe('Refuse a closure that the target does not trust'),
  sudo: z.boolean().optional(),
  confirmTimeout: duration.optional().describe('Until an unconfirmed target restores itself; default 60s'),
  activationTimeout: duration.optional().describe('Default 10m'),
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
      .describe('For every target that does not say otherwise'),
    targets: z.record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
      z
        .object({
          ...deployFields,
          ssh: ssh.optional().describe('How to reach it; this machine without it'),
          machineId: z.string().optional().describe('Its /etc/machine-id, checked before anything else'),
          hostName: z.string().optional().describe('Its host name, checked before anything else'),
        })
        .strict(),
    ),
    fleet: z
      .object({
        parallel: z.int().min(1).optional().describe('Default 5'),
        canaries: z.array(z.string()).optional(),
        onFailure: z.enum(['halt', 'continue']).optional(),
        revoke: z.boolean().optional(),
      })
      .strict()
      .optional(),
  })
  .strict();

export type DeployConfig = z.infer<typeof deployConfig>;
export type TargetConfig = DeployConfig['targets'][string];
export type SshConfig = z.infer<typeof ssh>;
export type HealthCheckConfig = z.infer<typeof healthCheck>;
