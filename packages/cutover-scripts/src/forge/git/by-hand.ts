import type { CheckResult, Step } from '@cutover/runbook';
import { bootstrapForgeKey, shutToNewHost } from '../../new-host/forge-key.ts';
import { orGivenUp } from '../../new-host/new-host-off.ts';
import { answersOf, askForgeFromOld, type ForgeAnswer } from '../../old-rig/reaches-forge.ts';
import { forgetKeys, rememberedKeys } from '../../old-rig/revoked-keys.ts';
import { orPassedBy } from '../../ownership/pass-by.ts';
import { rememberOldKeys } from '../../phases/d-cut-over/move-over.ts';
import { seeRunning } from '../../phases/d-cut-over/stop-old.ts';
import { whyGitFailed } from '../../world/git-failure.ts';
import type { World } from '../../world/world.ts';
import { rigRepositories } from '../settings.ts';

const second = 1000;
const aDay = 24 * 3600 * second;

/** The public key of each world's new host, read before a person is asked to let it in. */
const publicKeys = new WeakMap<World, string>();

/**
 * The steps with those that ask the forge's API replaced, where it has none: a person does them at a gate, and what a host can
 * do then, which is asked from that host, decides when they are done.
 */
export function withPerson(steps: readonly Step<World>[], { forge }: World): readonly Step<World>[] {
  if (forge.byHand !== true) return steps;
  return steps.map((step) => replacements[step.id]?.(step) ?? step);
}

type Replace = (step: Step<World>) => Step<World>;

/** A step without the part that is a person's. */
function without(step: Step<World>, part: 'apply' | 'undo'): Step<World> {
  const rest = { ...step };
  delete rest[part];
  return rest;
}

function gate(instructions: (world: World) => string): NonNullable<Step<World>['gate']> {
  return { kind: 'human', instructions, timeout: aDay, poll: 5 * second };
}

const makeRepository: Replace = (step) => ({
  ...without(step, 'apply'),
  gate: gate(
    ({ forge, settings }) =>
      `Make the private repository ${settings.repository} at ${forge.name}, empty, and let this machine push to it.\n` +
      `It is seen by: git ls-remote ${forge.url(settings.repository)}`,
  ),
});

const letNewHostIn: Replace = (step) => ({
  ...without(step, 'undo'),
  gate: gate((world) => {
    const { forge, settings } = world;
    const where = rigRepositories(settings).join(', ');
    return settings.forge.type === 'git' && settings.forge.https !== undefined
      ? `Let ${settings.name} push to ${where} at ${forge.name}, by a token of its own:\n` +
          `  on ${settings.name}, as ${settings.new.user}, put it where its git finds it (git config --global credential.helper store)`
      : `Let this key push to ${where} at ${forge.name}, named ${settings.name}, not for reading only:\n  ${publicKeys.get(world) ?? ''}`;
  }),
  async apply({ world, signal }) {
    publicKeys.set(world, await bootstrapForgeKey(world, signal));
  },
  leaves: "the new host's key at the forge: take it away there by hand",
});

/** What the forge answers the old host now, for a gate: it is done when each clone is refused. */
function seenFromOld(answers: readonly ForgeAnswer[], wanted: 'refused' | 'let in') {
  const evidence = {
    refused: answersOf(answers, 'refused'),
    letIn: answersOf(answers, 'let in'),
    silent: answersOf(answers, 'no answer'),
  };
  const done = answers.every(({ answer }) => answer === wanted);
  if (done) return { state: 'satisfied' as const, evidence };
  if (evidence.silent.length > 0)
    return {
      state: 'unknown' as const,
      evidence,
      reason: `the forge gives no answer from ${evidence.silent.join(', ')}; look at the network of that host`,
    };
  return { state: 'absent' as const, evidence };
}

/** A forge that is not well, or a server in its place, may refuse everyone: `not found` is what some say to a key that was taken away. */
async function confirmedFromHere(
  { forge, gitHere, settings }: World,
  seen: CheckResult,
  signal: AbortSignal,
): Promise<CheckResult> {
  const url = forge.url(settings.ownership.repository);
  const { exitCode, stderr } = await gitHere.run(['git', 'ls-remote', '--heads', url], {
    reject: false,
    signal,
  });
  if (exitCode === 0) return seen;
  return {
    state: 'unknown',
    evidence: seen.evidence,
    reason: `the forge does not show ${url} to this machine either (${whyGitFailed(stderr)}), so that it refuses ${settings.old.name} says nothing of a key`,
  };
}

const shutOldOut: Replace = (step) => ({
  ...step,
  check: (context) =>
    orPassedBy(
      context,
      async () => {
        const { world, signal, evidence: of } = context;
        const seen = seenFromOld(await askForgeFromOld(world, of(seeRunning).agent, signal), 'refused');
        return seen.state === 'satisfied' ? confirmedFromHere(world, seen, signal) : seen;
      },
      // Of an old host that a person attests to be off, nothing can be asked.
      async () => ({ unfenced: 'the forge has no API, so it is not known whether the key was taken away' }),
    ),
  gate: gate(
    ({ forge, settings: { old, ...rig } }) =>
      `Take the key of ${old.name} away at ${forge.name}, in ${rigRepositories(rig).join(', ')}. The loops stand still until then.\n` +
      `It is seen by a push from each clone of ${old.name}, which must be refused`,
  ),
  async apply(context) {
    await rememberOldKeys(context);
  },
  async undo({ world, signal, evidence: of }) {
    const answers = await askForgeFromOld(world, of(seeRunning).agent, signal);
    if (answers.some(({ answer }) => answer !== 'let in')) {
      const keys = (await rememberedKeys(world, signal)).map(({ publicKey }) => `\n  ${publicKey}`);
      throw new Error(
        `let ${world.settings.old.name} push again at ${world.forge.name}, by hand, then repeat the rollback${keys.join('')}`,
      );
    }
    await forgetKeys(world, signal);
  },
});

const swapBack: Replace = (step) => ({
  ...without(step, 'apply'),
  async check({ world, signal }) {
    const shut = await orGivenUp(world, () => shutToNewHost(world, signal), signal);
    const open =
      'answer' in shut
        ? (world.forge.keyedRepositories?.length ?? 0) - shut.answer.length
        : // One that is off cannot push; its key goes all the same.
          0;
    const silent = 'answer' in shut ? shut.answer.filter(({ answer }) => answer === 'no answer') : [];
    const old = seenFromOld(await askForgeFromOld(world, null, signal), 'let in');
    const evidence = {
      openToNewHost: open,
      fromOldHost: old.evidence,
      ...('answer' in shut
        ? {}
        : {
            unfenced: `the forge has no API and ${world.settings.name} does not answer, so it is not known whether its key was taken away`,
          }),
    };
    if (silent.length > 0)
      return {
        state: 'unknown',
        evidence,
        reason: `the forge gives ${world.settings.name} no answer (${silent[0]?.said ?? ''}); look at its network`,
      };
    if (open > 0) return { state: 'absent', evidence };
    return { ...old, evidence };
  },
  gate: gate(
    ({ forge, settings }) =>
      `Take the key of ${settings.name} away at ${forge.name}, and let that of ${settings.old.name} in again, in ${rigRepositories(settings).join(', ')}`,
  ),
});

const replacements: Readonly<Record<string, Replace>> = {
  'create-repository': makeRepository,
  'authorize-target': letNewHostIn,
  'revoke-old': shutOldOut,
  'back-swap-keys': swapBack,
};
