// The agent of the lab's rig: a small real program in place of a large one. It reads its prompt and the plan phase,
// works in its clone, commits, pushes, claims and reviews, in cycles slow enough to be caught in the middle.
//
//   agent --role builder|adversary|watchdog|orchestrator [--prompt FILE] [--workspace DIR]
//   agent step builder|adversary|orchestrator|note
//                          one piece of a role's work, for an agent of another kind that does it by its tools
//   agent login            prints a code and waits until a person has entered it
//   agent whoami [--json]  one live look at the login; exit 0 when it holds
//   agent logout
//
// Exit codes: 0 asked to end (TERM or INT, at a safe point), 2 usage, 77 no login or an expired one.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';

const exec = promisify(execFile);
const loginFolder = join(homedir(), '.agent');
const credentials = join(loginFolder, 'credentials.json');
const approved = join(loginFolder, 'approved-code');
const noLogin = 77;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    role: { type: 'string' },
    prompt: { type: 'string' },
    workspace: { type: 'string', default: process.env.LOOPS_WORKSPACE ?? '/srv/cc-ci' },
    json: { type: 'boolean', default: false },
    cycle: { type: 'string', default: process.env.AGENT_CYCLE_MS ?? '1500' },
  },
});
const cycle = Number(values.cycle);
const say = (text) => console.log(`${new Date().toISOString()} ${text}`);

// ---- login ---------------------------------------------------------------------------------------------------------

function readLogin() {
  if (!existsSync(credentials)) return undefined;
  const held = JSON.parse(readFileSync(credentials, 'utf8'));
  // A login belongs to the machine it was made on: a copied file is no login.
  return held.host === hostname() && Date.parse(held.expiresAt) > Date.now() ? held : undefined;
}

function requireLogin() {
  // Where the agents are of another kind, theirs is the login that counts.
  if (process.env.AGENT_LOGIN === 'none' || readLogin() !== undefined) return;
  console.log('Login expired · run `agent login`');
  process.exit(noLogin);
}

async function login() {
  const code = `${randomBytes(2).toString('hex')}-${randomBytes(2).toString('hex')}`.toUpperCase();
  console.log('To log this machine in, open');
  console.log('  https://login.agent.example/device');
  console.log(`and enter the code ${code}`);
  console.log('(or type it here): ');
  rmSync(approved, { force: true });
  const typed = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  let line = typed.next();
  for (;;) {
    const next = await Promise.race([line, sleep(200, 'look')]);
    const entered = existsSync(approved)
      ? readFileSync(approved, 'utf8')
      : next === 'look'
        ? ''
        : (next.value ?? '');
    if (entered.trim() === code) break;
    if (next === 'look') continue;
    if (next.done) line = new Promise(() => {});
    else {
      console.log('That is another code.');
      line = typed.next();
    }
  }
  mkdirSync(loginFolder, { recursive: true, mode: 0o700 });
  const expiresAt = new Date(Date.now() + 30 * 24 * 3600 * 1000).toISOString();
  const text = JSON.stringify({
    account: 'operator',
    host: hostname(),
    token: randomBytes(24).toString('hex'),
    expiresAt,
  });
  writeFileSync(`${credentials}.new`, text, { mode: 0o600 });
  renameSync(`${credentials}.new`, credentials);
  rmSync(approved, { force: true });
  console.log('Logged in.');
  process.exit(0);
}

function whoami() {
  const held = readLogin();
  if (held === undefined) {
    console.log(values.json ? JSON.stringify({ loggedIn: false }) : 'Login expired · run `agent login`');
    process.exit(noLogin);
  }
  const { account, host, expiresAt } = held;
  console.log(
    values.json ? JSON.stringify({ loggedIn: true, account, host, expiresAt }) : `${account} on ${host}`,
  );
}

// ---- ending at a safe point ----------------------------------------------------------------------------------------

const asking = new AbortController();
const asked = () => asking.signal.aborted;
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  process.on(signal, () => {
    if (!asked()) say(`${signal}: ending at the next safe point`);
    asking.abort();
  });
}

/** A rest between iterations: asked to end, it is over at once. */
async function rest(ms) {
  await sleep(ms, undefined, { signal: asking.signal }).catch(() => {});
  let holding = false;
  while (!asked() && existsSync(process.env.LOOPS_HOLD_FILE ?? '')) {
    if (!holding) say('holding still');
    holding = true;
    await sleep(100, undefined, { signal: asking.signal }).catch(() => {});
  }
}

// ---- the rig around it ---------------------------------------------------------------------------------------------

const workspace = values.workspace;
const planFolder = join(workspace, 'cc-ci-plan');
const logs = join(workspace, '.cc-ci-logs');
const underLoops = process.env.LOOPS_RIG !== undefined;
const clones = { builder: join(workspace, 'cc-ci'), adversary: join(workspace, 'cc-ci-adv') };

function phase() {
  const text = process.env.LOOPS_PHASE ?? readFileSync(join(logs, '.phase-idx'), 'utf8');
  return Number.parseInt(text, 10);
}

function prompt(role) {
  const file = values.prompt ?? process.env.LOOPS_PROMPT_FILE ?? join(planFolder, 'prompts', `${role}.md`);
  return readFileSync(file, 'utf8');
}

/** Text that comes in on the terminal (a pasted prompt, a nudge) is noted, as an agent would take it in. */
function listen(role, onLine = () => {}) {
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => {
    if (line.trim() === '') return;
    mkdirSync(logs, { recursive: true });
    appendFileSync(
      join(logs, `${role}.heard`),
      `${JSON.stringify({ at: new Date().toISOString(), line })}\n`,
    );
    onLine(line);
  });
  input.on('close', () => {});
}

const git = (cwd, ...args) => exec('git', args, { cwd, timeout: 30_000 }).then(({ stdout }) => stdout.trim());
const rig = () => process.env.LOOPS_CONFIG ?? join(workspace, 'loops.yaml');
const loops = (...args) =>
  exec(process.env.LOOPS_COMMAND ?? 'loops', [...args, '--config', rig(), '--json'], {
    cwd: workspace,
    timeout: 30_000,
  });

/** What a crash left in a clone: an aborted rebase is taken back, unfinished work is committed as such. */
async function recover(clone) {
  if (existsSync(join(clone, '.git', 'rebase-merge')) || existsSync(join(clone, '.git', 'rebase-apply'))) {
    await git(clone, 'rebase', '--abort');
  }
  if ((await git(clone, 'status', '--porcelain')) !== '') {
    await git(clone, 'add', '--all');
    await git(clone, 'commit', '--quiet', '--message', 'work: recovered after an interruption');
  }
}

/** Pushes what is committed; others push too, so it is rebased and tried again. */
async function push(clone) {
  for (let attempt = 1; ; attempt++) {
    try {
      await git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
      return;
    } catch (error) {
      if (attempt === 5) throw error;
      await git(clone, 'pull', '--quiet', '--rebase', 'origin', 'main');
    }
  }
}

async function iterate(role, clone, once) {
  listen(role);
  await recover(clone);
  for (let iteration = 1; !asked(); iteration++) {
    requireLogin();
    try {
      await once(iteration);
    } catch (error) {
      say(
        `iteration ${iteration}: ${
          String(error.stderr ?? error.message)
            .trim()
            .split('\n')[0]
        }`,
      );
      await rest(500);
    }
    // The first ones are quick to be seen; then it takes its time.
    await rest(Math.min(iteration, 4) * cycle);
  }
  say('ended at a safe point');
}

// ---- builder: works, commits, pushes, claims ------------------------------------------------------------------------

async function build(iteration) {
  const clone = clones.builder;
  await git(clone, 'pull', '--quiet', '--rebase', 'origin', 'main');
  const at = phase();
  const work = join(clone, 'work');
  mkdirSync(work, { recursive: true });
  // The tree is dirty for a while, as when an agent edits one file after the other …
  const parts = Array.from({ length: 4 }, () => randomBytes(32).toString('hex'));
  const file = join(work, `phase-${at}.txt`);
  writeFileSync(file, '');
  for (const part of parts) {
    appendFileSync(file, `${part}\n`);
    await sleep(cycle / 12);
  }
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  writeFileSync(
    join(clone, 'STATUS.md'),
    `phase ${at}\nwork ${digest}\nhost ${hostname()}\niteration ${iteration}\n`,
  );
  await git(clone, 'add', '--all');
  const kind = underLoops ? 'work' : 'claim';
  await git(
    clone,
    'commit',
    '--quiet',
    '--message',
    `${kind}(${at}): iteration ${iteration} on ${hostname()}`,
  );
  // … and a commit is unpushed for a while.
  await sleep(cycle / 5);
  await push(clone);
  const sha = await git(clone, 'rev-parse', 'HEAD');
  if (!underLoops) say(`claimed ${sha.slice(0, 12)} in phase ${at}`);
  else if (!(await claim(sha, at, iteration))) return;
  await verdictOn(clone, sha, at);
}

/** Under `loops` a claim says that the phase is done, so not every commit is one. */
async function claim(sha, at, iteration) {
  if (iteration % 4 !== 1) return false;
  await loops('claim', '--sha', sha);
  say(`claimed ${sha.slice(0, 12)} in phase ${at}`);
  return true;
}

/** Waits for the Adversary's word on the claimed commit; without one the work goes on, and the claim is void. */
async function verdictOn(clone, sha, at) {
  for (let look = 1; look < 5 && !asked(); look++) {
    await sleep((look / 2) * cycle, undefined, { signal: asking.signal }).catch(() => {});
    if (!underLoops) await git(clone, 'fetch', '--quiet', 'origin');
    const found = underLoops
      ? (await document(clone, 'verdicts', at))?.sha === sha
      : (await lastVerdict(clone)).includes(sha);
    if (found) {
      say(`verdict on ${sha.slice(0, 12)}`);
      return;
    }
  }
}

/** What `loops` keeps at the remote as the newest claim or verdict of a phase; fetched when it is another one. */
async function document(clone, kind, at) {
  const ref = `refs/loops/${process.env.LOOPS_RIG}/${kind}/${at}`;
  const [commit] = (await git(clone, 'ls-remote', 'origin', ref)).split('\t');
  if (commit === '') return undefined;
  if (document.seen?.commit !== commit) {
    await git(clone, 'fetch', '--quiet', 'origin', ref);
    document.seen = {
      commit,
      text: JSON.parse(await git(clone, 'cat-file', 'blob', `${commit}:document.json`)),
    };
  }
  return document.seen.text;
}

// ---- adversary: reviews the exact commit that is claimed --------------------------------------------------------------

const lastVerdict = (clone) => git(clone, 'log', '-1', '--format=%s', '--grep=^verdict(', 'origin/main');

async function claimed(clone, at) {
  if (underLoops) return (await document(clone, 'claims', at))?.sha ?? '';
  return git(clone, 'log', '-1', '--format=%H', `--grep=^claim(${at})`, 'origin/main');
}

async function review() {
  const clone = clones.adversary;
  const pull = () => git(clone, 'pull', '--quiet', '--rebase', 'origin', 'main');
  if (!underLoops) await pull();
  const at = phase();
  const sha = await claimed(clone, at);
  if (sha === '' || review.last === sha || (!underLoops && (await lastVerdict(clone)).includes(sha))) return;
  if (underLoops) await pull();
  const status = await git(clone, 'show', `${sha}:STATUS.md`);
  const { stdout: work } = await exec('git', ['show', `${sha}:work/phase-${at}.txt`], {
    cwd: clone,
    encoding: 'buffer',
  });
  const holds = status.includes(`work ${createHash('sha256').update(work).digest('hex')}`);
  const word = holds ? 'pass' : 'fail';
  if (underLoops) {
    await loops('verdict', word, '--sha', sha);
  } else {
    const reviews = join(clone, 'REVIEW.md');
    appendFileSync(reviews, `${word} ${sha} phase ${at}\n`);
    await sleep(cycle / 6);
    await git(clone, 'add', '--all');
    await git(clone, 'commit', '--quiet', '--message', `verdict(${at}): ${word} ${sha}`);
    await sleep(cycle / 10);
    await push(clone);
  }
  review.last = sha;
  say(`${word} ${sha.slice(0, 12)} in phase ${at}`);
}

// ---- watchdog and orchestrator ----------------------------------------------------------------------------------------

/** On the old rig it starts again what died; under `loops` the supervisor does, and it watches the health page. */
async function watch() {
  const url = process.env.HEALTH_URL ?? 'http://ccci/health';
  while (!asked()) {
    requireLogin();
    try {
      if (!underLoops) await exec(join(planFolder, 'launch.sh'), ['revive'], { timeout: 20_000 });
      const reply = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      say(`phase ${phase()} health ${reply.status}`);
    } catch (error) {
      say(`watch: ${error.message}`);
    }
    await rest(2 * cycle);
  }
  say('ended at a safe point');
}

/** Says that the supervising role was taken up, and with which context. */
function noteReady() {
  const context = ['AGENTS.md', 'plan.md'].map((name) => join(planFolder, name)).filter(existsSync);
  const digest = createHash('sha256');
  for (const file of context) digest.update(readFileSync(file));
  const ready = {
    at: new Date().toISOString(),
    host: hostname(),
    phase: phase(),
    context: context.length,
    digest: digest.digest('hex'),
  };
  mkdirSync(logs, { recursive: true });
  writeFileSync(join(logs, 'orchestrator.ready.json'), JSON.stringify(ready));
  say(
    `Orchestrator ready: phase ${ready.phase}, context ${ready.context} files ${ready.digest.slice(0, 12)}`,
  );
}

function writeStateNote() {
  writeFileSync(
    join(workspace, 'HANDOVER.md'),
    `# State note\n\nwritten ${new Date().toISOString()} on ${hostname()}\nphase ${phase()}\nThe loops are no longer mine.\n`,
  );
  say('state note written; idle');
}

/** Takes up the supervising role from its context, answers the operator, and writes the state note when it hands off. */
async function orchestrate() {
  noteReady();
  listen('orchestrator', (line) => say(`Heard: ${line}`));
  while (!asked()) {
    requireLogin();
    await rest(500);
  }
  writeStateNote();
}

// ---- one step at a time -------------------------------------------------------------------------------------------------

/** One iteration of a role, which an agent of another kind asks for again and again; how many there were is in a file. */
async function step(role, clone, once) {
  const counter = join(logs, `${role}.iteration`);
  const iteration = existsSync(counter) ? Number(readFileSync(counter, 'utf8')) + 1 : 1;
  writeFileSync(counter, `${iteration}\n`);
  await recover(clone);
  await once(iteration);
  await rest(cycle);
}

const steps = {
  builder: () => step('builder', clones.builder, build),
  adversary: () => step('adversary', clones.adversary, review),
  orchestrator: noteReady,
  note: writeStateNote,
};

// ---- wiring -----------------------------------------------------------------------------------------------------------

const roles = {
  builder: () => iterate('builder', clones.builder, build),
  adversary: () => iterate('adversary', clones.adversary, review),
  watchdog: async () => {
    listen('watchdog');
    await watch();
  },
  orchestrator: orchestrate,
};

if (positionals[0] === 'step' && Object.hasOwn(steps, positionals[1] ?? '')) {
  await steps[positionals[1]]();
  process.exit(0);
} else if (positionals[0] === 'login') await login();
else if (positionals[0] === 'whoami') whoami();
else if (positionals[0] === 'logout') rmSync(credentials, { force: true });
else if (Object.hasOwn(roles, values.role ?? '')) {
  requireLogin();
  const instructions = prompt(values.role);
  say(`${values.role}: ${instructions.split('\n')[0]} (phase ${phase()})`);
  await roles[values.role]();
  process.exit(0);
} else {
  console.error(
    'usage: agent --role builder|adversary|watchdog|orchestrator | step ROLE | login | whoami [--json] | logout',
  );
  process.exitCode = 2;
}
