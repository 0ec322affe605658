/** A session of the old rig, as it was seen running. */
export interface SeenSession {
  readonly user: string;
  readonly session: string;
  /** Where it works. */
  readonly path: string;
  /** The words of its program; empty where only a shell was found. */
  readonly argv: readonly string[];
}

/** A git clone in the workspace. */
export interface SeenClone {
  readonly path: string;
  /** Of its remote `origin`; empty: it has none. */
  readonly url: string;
  readonly branch: string;
  /** Who commits there. */
  readonly name: string;
  readonly email: string;
}

/** A systemd unit, as its file says. */
export interface SeenUnit {
  readonly name: string;
  readonly start: readonly string[];
  readonly stop: readonly string[];
  /** `NAME=value` each. */
  readonly environment: readonly string[];
}

/** A file that only its owner may read. Its content was not read. */
export interface SeenSecret {
  readonly kind: string;
  readonly path: string;
  readonly mode: string;
  /** Of an age identity that says it in a comment. */
  readonly recipient: string;
}

/** What is in the workspace of the old rig, and what starts it. */
export interface OldRigFacts {
  readonly hostname: string;
  readonly home: string;
  readonly clones: readonly SeenClone[];
  readonly resumePoints: readonly string[];
  readonly plans: readonly string[];
  readonly prompts: readonly string[];
  readonly references: readonly string[];
  /** Units that run something in the workspace. */
  readonly units: readonly SeenUnit[];
  /** Units of the rig's user that run something else. */
  readonly otherUnits: readonly string[];
  /** Lines of the user's crontab that name the workspace. */
  readonly cron: readonly string[];
  readonly secrets: readonly SeenSecret[];
}

/** Of a host that is not looked at. */
export const noFacts: OldRigFacts = {
  hostname: '',
  home: '',
  clones: [],
  resumePoints: [],
  plans: [],
  prompts: [],
  references: [],
  units: [],
  otherUnits: [],
  cron: [],
  secrets: [],
};

/** Reads what `look-at-sessions.sh` prints. */
export function parseSessions(text: string): SeenSession[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [user = '', session = '', path = '', words = ''] = line.split('\t');
      const argv = words
        .split('\u001F')
        .filter((word) => word !== '')
        .map((word) => word.replaceAll('\u001E', '\n'));
      return { user, session, path, argv };
    });
}

/** Reads what `look-at-workspace.sh` prints. */
export function parseWorkspace(text: string): OldRigFacts {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const fieldsOf = (what: string): string[][] =>
    lines.filter(([word]) => word === what).map(([, ...fields]) => fields);
  const first = (what: string): string[] => fieldsOf(what).map(([value = '']) => value);
  return {
    hostname: first('hostname')[0] ?? '',
    home: first('home')[0] ?? '',
    clones: fieldsOf('clone').map(([path = '', url = '', branch = '', name = '', email = '']) => ({
      path,
      url,
      branch: branch === '' ? 'main' : branch,
      name,
      email,
    })),
    resumePoints: first('resume-point'),
    plans: first('plan'),
    prompts: first('prompt'),
    references: first('references'),
    units: fieldsOf('unit').map(([name = '', start = '', stop = '', environment = '']) => ({
      name,
      start: wordsOf(start),
      stop: wordsOf(stop),
      environment: wordsOf(environment),
    })),
    otherUnits: first('other-unit'),
    cron: first('cron'),
    secrets: fieldsOf('secret').map(([kind = '', path = '', mode = '', recipient = '']) => ({
      kind,
      path,
      mode,
      recipient,
    })),
  };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
