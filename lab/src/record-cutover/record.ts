import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { incusHost } from '@cutover/incus-client';
import { sizedPool } from '../daemon/settings.ts';
import { checkout } from '../folders.ts';
import { type LabHosts, startHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import { scriptedOperator } from '../operator/operator.ts';
import { operatorAccess } from '../rehearse/operator-access.ts';
import { readable } from './readable.ts';
import { openReadersTerminal, type ReadersTerminal } from './readers-terminal.ts';

/** What each command showed, by the name of its screen in the page. */
export type Screens = ReadonlyMap<string, string>;

export interface RecordOptions {
  readonly lab: Lab;
  /** Called with what is being done. */
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal;
}

const newHost = 'cc-ci-host';
const minutes = 60_000;

/** Does a whole cutover on the lab, as a person at two terminals does it, and keeps what the screen of each command showed. */
export async function recordCutover({ lab, onProgress, signal }: RecordOptions): Promise<Screens> {
  await using hosts = await startHosts(lab, { signal, onProgress });
  const home = await mkdtemp(join(tmpdir(), 'cutover-record-'));
  try {
    const folder = await operatorsHome(home, lab, hosts);
    const terminal = {
      home,
      folder,
      commands: [join(checkout(), 'node_modules/.bin')],
      names: {
        pi: hosts.pi.address,
        forge: hosts.forge.address,
        ccci: hosts.ccci.address,
        incus: new URL(lab.url).hostname,
      },
      signal,
    };
    await using first = await openReadersTerminal(terminal);
    await using second = await openReadersTerminal(terminal);
    return await record(first, second, { home, lab, onProgress, signal });
  } finally {
    // What was interrupted may still write there.
    await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }
}

/** What a person has before a cutover: keys, known hosts, certificates, and an empty folder. */
async function operatorsHome(home: string, lab: Lab, { pi, forge }: LabHosts): Promise<string> {
  const folder = join(home, 'move');
  await mkdir(join(folder, 'incus'), { recursive: true });
  await mkdir(join(home, '.ssh'), { mode: 0o700 });
  await mkdir(join(home, '.config/incus'), { recursive: true });
  const { certificate, key, serverCertificate } = lab.certificates;
  await copyFile(lab.operator.file, join(home, '.ssh/id_ed25519'));
  await writeFile(join(home, '.ssh/known_hosts'), `pi ${pi.hostKey}\nforge ${forge.hostKey}\n`);
  await copyFile(certificate, join(home, '.config/incus/client.crt'));
  await copyFile(key, join(home, '.config/incus/client.key'));
  await copyFile(serverCertificate, join(folder, 'incus/server.crt'));
  return folder;
}

async function record(
  first: ReadersTerminal,
  second: ReadersTerminal,
  { home, lab, onProgress, signal }: RecordOptions & { readonly home: string },
): Promise<Screens> {
  const screens = new Map<string, string>();
  const places = { home, machine: hostname(), now: new Date() };
  const keep = async (name: string, terminal: ReadersTerminal): Promise<string> => {
    const text = readable(await terminal.screen(), places);
    screens.set(name, text);
    onProgress(`recorded ${name}`);
    return text;
  };
  /** Waits for the command at the first terminal, which must go well. */
  const done = async (name: string, timeout: number): Promise<string> => {
    const exitCode = await first.ended(timeout);
    const text = await keep(name, first);
    if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}:\n${text}`);
    return text;
  };
  const sees = (pattern: RegExp, timeout: number): Promise<true> =>
    first.sees(String(pattern), (screen) => (pattern.test(screen) ? true : undefined), timeout);
  const operator = async () =>
    scriptedOperator(await operatorAccess(incusHost(lab.client.project(lab.project), newHost), lab, signal));

  await first.type(initCommand(lab));
  await acceptSuggestions(first, /^look at everything: /m);
  await done('init', minutes);

  await first.type('cutover doctor');
  screens.set('doctor', inOrder(await done('doctor', minutes)));
  await first.type('cutover rehearse --yes');
  await done('rehearse', 8 * minutes);
  await first.type('cutover plan');
  const plan = /--plan ([0-9a-f]+)/.exec(await done('plan', minutes))?.[1] ?? '';

  await first.type(`cutover run --plan ${plan}`);
  await sees(/waiting for a person.*: log the agent in/, 5 * minutes);
  await keep('login', first);
  await second.type('cutover status');
  await second.ended();
  await keep('status', second);
  await (await operator()).logAgentIn({ user: 'loops' });

  await sees(/Approve release-ownership\?/, 2 * minutes);
  await keep('approval', first);
  await first.press('y');

  await sees(/waiting for a person.*: connect to the orchestrator session/, 5 * minutes);
  await keep('connect', first);
  const person = await operator();
  const ended = first.ended(5 * minutes);
  const visit = person.visitSession({
    attach: ['runuser', '-l', 'loops', '-c', "'loops attach orchestrator --config /etc/loops/cc-ci.yaml'"],
    line: 'hello from the operator',
    until: ended,
  });
  await Promise.all([ended, visit]);
  await done('run', minutes);

  await first.type('cutover reboot-proof --yes');
  await done('reboot-proof', 5 * minutes);
  await first.type('cutover report | head -n 12');
  await done('report', minutes);

  await first.type('cutover retire-old --yes');
  await sees(/Approve delete-old-workspace\?/, 2 * minutes);
  await first.press('y');
  await done('retire-old', 5 * minutes);
  return screens;
}

/** The findings of the doctor, which come as they are found, in an order that stays. */
function inOrder(screen: string): string {
  const [command = '', ...findings] = screen.split('\n');
  return [command, ...findings.toSorted((a, b) => (a < b ? -1 : 1))].join('\n');
}

/** The last line is the lab's: what stands there for what a reader has. */
function initCommand({ project, imageAlias, url }: Lab): string {
  return [
    'cutover init --old-host pi',
    `--incus https://incus:${new URL(url).port} --incus-project ${project} --image ${imageAlias}`,
    '--forge ssh://git@forge/srv/git --health http://ccci/health',
    '--login-check "/srv/cc-ci/cc-ci-plan/bin/agent whoami" --login-hint "/srv/cc-ci/cc-ci-plan/bin/agent login"',
    `--instance-type container --pool ${sizedPool} --swap 512MiB --nixpkgs path:/srv/nixpkgs`,
  ].join(' \\\n  ');
}

/** Takes what is suggested at each question, until the screen shows a match. */
async function acceptSuggestions(terminal: ReadersTerminal, end: RegExp): Promise<void> {
  let answered = '';
  for (;;) {
    const question = await terminal.sees('a question or the end', (screen) => {
      if (end.test(screen)) return end;
      const asked = /^◆ {2}(.+)$/m.exec(screen)?.[1] ?? answered;
      return asked === answered ? undefined : asked;
    });
    if (typeof question !== 'string') return;
    answered = question;
    await terminal.press('Enter');
  }
}
