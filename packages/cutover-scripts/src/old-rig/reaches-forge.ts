import { setTimeout as delay } from 'node:timers/promises';
import { CommandTimeoutError } from '@cutover/host';
import { oldClones } from '../rig/rig.ts';
import type { World } from '../world/world.ts';

/** What the forge says when a clone of the old rig asks to push. */
export type ForgeAnswer = {
  readonly clone: string;
  /** `no answer`: neither. A network that is down says nothing about a key. */
  readonly answer: 'let in' | 'refused' | 'no answer';
  /** The last line that git printed. */
  readonly said: string;
};

/** What ssh, git and the forges say of a key or a token that they do not take. */
const refusal =
  /permission denied|permission to \S+ denied|does not have write access|denied by fallthru|authentication failed|could not read (?:username|password)|access denied|not allowed|read.only|forbidden|key was revoked|error: 40[134]|repository not found/i;

/**
 * Not the forge's word: files of this host, the network, or the proxy on the way were refused, e.g.
 * `fatal: unable to access '.git/config': Permission denied` and
 * `nc: connection failed, SOCKSv5 error: Connection not allowed by ruleset`.
 */
const ownTrouble =
  /^(?:fatal|error|warning|ssh|sh|bash|env|nc|load key|can't open)\b.*: permission denied$|\bSOCKS(?:v?[45]h?)?\b|\bproxy error\b/i;

/** What ssh says where the server drops a connection before it has looked at a key. */
const drop = /connection (?:closed|reset) by|kex_exchange_identification/i;
/** How long a server that drops connections is asked again, and the pause between two questions, in milliseconds. */
const patience = 30_000;
const pause = 2000;

/** Whether what git said is a refusal; else it got no answer. */
export function isRefusal(said: string): boolean {
  return said.split(/\r?\n|;\s*/).some((line) => refusal.test(line) && !ownTrouble.test(line));
}

/**
 * Asks the forge from each clone of the old rig, as its user, whether it may push: by whatever key, agent or token the clone
 * uses. Nothing is pushed. An OpenSSH server (9.8 on) that has just refused a host a few times drops its connections for some
 * seconds, so it is asked again.
 *
 * @param agent the socket of the ssh agent that the rig used, where it had one.
 */
export async function askForgeFromOld(
  { settings, oldRig }: World,
  agent: string | null,
  signal: AbortSignal,
): Promise<readonly ForgeAnswer[]> {
  const askOnce = async (clone: string): Promise<ForgeAnswer> => {
    // A push asks for more than a fetch does, which some forges answer to anyone.
    const push = ['push', '--dry-run', '--quiet', '--no-verify', 'origin', 'HEAD:refs/cutover/probe'];
    try {
      const { exitCode, stderr } = await oldRig.run(['git', '-C', clone, ...push], {
        env: {
          LC_ALL: 'C',
          GIT_TERMINAL_PROMPT: '0',
          SSH_ASKPASS_REQUIRE: 'never',
          ...(agent === null ? {} : { SSH_AUTH_SOCK: agent }),
        },
        reject: false,
        timeout: 20_000,
        signal,
      });
      const answer = exitCode === 0 ? 'let in' : isRefusal(stderr) ? 'refused' : 'no answer';
      return { clone, answer, said: stderr.trim().split('\n')[0] ?? '' };
    } catch (error) {
      if (!(error instanceof CommandTimeoutError)) throw error;
      return { clone, answer: 'no answer', said: 'nothing within 20 s' };
    }
  };
  const ask = async (clone: string): Promise<ForgeAnswer> => {
    const end = performance.now() + patience;
    for (;;) {
      const given = await askOnce(clone);
      const isDropped = given.answer === 'no answer' && drop.test(given.said);
      if (!isDropped || performance.now() > end) return given;
      await delay(pause, undefined, { signal });
    }
  };
  return Promise.all(oldClones(settings).map(ask));
}

/** The answers of one kind, as `CLONE (what git said)`. */
export function answersOf(answers: readonly ForgeAnswer[], kind: ForgeAnswer['answer']): string[] {
  return answers
    .filter(({ answer }) => answer === kind)
    .map(({ clone, said }) => (said === '' ? clone : `${clone} (${said})`));
}
