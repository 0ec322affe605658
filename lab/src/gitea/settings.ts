import { join } from 'node:path';

/** Where one Gitea listens and what it keeps where. */
export interface GiteaPlaces {
  readonly folder: string;
  readonly address: string;
  readonly port: number;
  readonly sshPort: number;
}

/** What `app.ini` holds of secrets: one that is missing would be made, and written to a file that is read-only. */
export interface GiteaSecrets {
  readonly internalToken: string;
  readonly secretKey: string;
  readonly jwtSecret: string;
}

/** The user of its URLs, and what it calls its own user, which has no name on this machine. */
export const sshUser = 'git';

/** The files of one Gitea. */
export function giteaFiles(folder: string) {
  return {
    program: join(folder, 'program', 'gitea'),
    static: join(folder, 'program', 'static'),
    settings: join(folder, 'app.ini'),
    certificate: join(folder, 'tls.crt'),
    key: join(folder, 'tls.key'),
    hostKey: join(folder, 'ssh-host'),
    /** All that it writes: a copy of it, made while it is stopped, is a backup. */
    data: join(folder, 'data'),
    log: join(folder, 'gitea.log'),
    record: join(folder, 'lab.json'),
  } as const;
}

/** `app.ini`: no mail, no sign-up, nothing that asks the internet. */
export function giteaSettings(
  { folder, address, port, sshPort }: GiteaPlaces,
  { internalToken, secretKey, jwtSecret }: GiteaSecrets,
): string {
  const files = giteaFiles(folder);
  return `RUN_USER = ${sshUser}
RUN_MODE = prod
WORK_PATH = ${files.data}

[server]
PROTOCOL = https
HTTP_ADDR = ${address}
HTTP_PORT = ${port}
ROOT_URL = https://${address}:${port}/
CERT_FILE = ${files.certificate}
KEY_FILE = ${files.key}
STATIC_ROOT_PATH = ${files.static}
START_SSH_SERVER = true
BUILTIN_SSH_SERVER_USER = ${sshUser}
SSH_LISTEN_HOST = ${address}
SSH_LISTEN_PORT = ${sshPort}
SSH_PORT = ${sshPort}
SSH_DOMAIN = ${address}
SSH_SERVER_HOST_KEYS = ${files.hostKey}
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3
PATH = ${join(files.data, 'gitea.db')}

[security]
INSTALL_LOCK = true
INTERNAL_TOKEN = ${internalToken}
SECRET_KEY = ${secretKey}

[oauth2]
ENABLED = false
JWT_SECRET = ${jwtSecret}

[service]
DISABLE_REGISTRATION = true
REQUIRE_SIGNIN_VIEW = true

[repository]
DEFAULT_PRIVATE = private

[actions]
ENABLED = false

[packages]
ENABLED = false

[indexer]
ISSUE_INDEXER_TYPE = db

[cron]
ENABLED = false

[cron.update_checker]
ENABLED = false

[log]
MODE = console
LEVEL = Warn
`;
}
