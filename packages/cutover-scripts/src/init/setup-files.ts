import { posix } from 'node:path';
import type { SetupFiles } from '@cutover/runbook';
import { mistakeLines, parseConfig } from '@cutover/foundation/config-file';
import { stringify } from 'yaml';
import { cutoverSchema } from '../config/schema.ts';
import { answerOf, workspaceOf } from './answers.ts';
import type { Collected } from './collected.ts';
import { cutoverContent } from './cutover-file.ts';
import { forgeAnswer, repositoryUrl } from './forge-answer.ts';
import { forgeKeysOf } from './forge-keys.ts';
import type { FoundLoop } from './found-rig.ts';
import type { OldHostLook } from './look.ts';
import { loopsContent } from './loops-file.ts';
import type { SeenSecret } from './old-rig-facts.ts';
import { remoteName } from './remotes.ts';
import { namedSecret, secretsContent } from './secrets-file.ts';
import { todoOf } from './todo.ts';

/** What stands where only a person knows what belongs there. */
const unknown = 'CHANGE-ME';

/** Makes the texts of the three files, and the list of what is left to a person. */
export async function setupFiles(
  collected: Collected,
  look: OldHostLook | undefined,
  signal: AbortSignal,
): Promise<SetupFiles> {
  const { answers, facts, rig, hostKeys } = collected;
  const of = (flag: string): string => answerOf(answers, flag);
  const workspace = workspaceOf(answers);
  const ownershipRepository = of('ownership-repository');
  const forge = forgeAnswer(answers);
  const atForge = await forgeKeysOf(forge, answers, hostKeys(forge.ssh), signal);
  const loops = collected.loops.length > 0 ? collected.loops : [placeholder];
  const [resumePoint] = facts.resumePoints;
  const repositories = facts.clones
    .filter(({ path, url }) => path !== workspace && url !== '')
    .map(({ path, url, branch }) => ({ repository: remoteName(url), path, branch }));
  const nowhere = { repository: ownershipRepository, path: posix.join(workspace, unknown), branch: 'main' };
  const cutover = cutoverContent({
    ...collected,
    loops,
    resumePoint,
    repositories: repositories.length > 0 ? repositories : [nowhere],
    ownershipRepository,
    verdicts:
      resumePoint !== undefined &&
      facts.plans.length > 0 &&
      ['claimer', 'reviewer'].every((role) => loops.some((loop) => loop.role === role)),
  });
  const rigContent = loopsContent({
    rig,
    workspace,
    owner: of('name'),
    remote: repositoryUrl(forge, ownershipRepository),
    loops,
    plans: facts.plans,
    resumePoint,
  });
  const letIn = 'problem' in atForge ? [] : atForge.fingerprints;
  const moving = await withoutForgeKeys(facts.secrets, letIn, look, signal);
  const secrets = secretsContent({
    oldName: of('old-name'),
    user: of('old-user'),
    recipients: answers.get('recipient') ?? [],
    secrets: [...moving, ...(answers.get('secret') ?? []).map(namedSecret)],
  });
  const cutoverText = textOf('cutover', cutover);
  return {
    texts: {
      'cutover.yaml': cutoverText,
      'loops.yaml': textOf('loops', rigContent),
      'secrets.yaml': textOf('secrets', secrets),
    },
    todo: [
      ...mistakesIn(cutoverText),
      ...todoOf(collected, 'problem' in atForge ? atForge.problem : undefined),
    ],
  };
}

/** What `cutover doctor` would refuse: an answer may be anything. */
function mistakesIn(text: string): string[] {
  const reading = parseConfig(text, cutoverSchema);
  return reading.ok ? [] : mistakeLines('cutover.yaml', reading.mistakes);
}

/** With one key on both hosts neither could be fenced: what the forge lets in does not move. */
async function withoutForgeKeys(
  secrets: readonly SeenSecret[],
  letIn: readonly string[],
  look: OldHostLook | undefined,
  signal: AbortSignal,
): Promise<readonly SeenSecret[]> {
  const keys = secrets.filter(({ kind }) => kind === 'private-key').map(({ path }) => path);
  const fingerprints = await look?.fingerprints(keys, signal);
  return secrets.filter(({ path }) => !letIn.includes(fingerprints?.get(path) ?? ''));
}

/** Of a host that was not looked at. Phase C finds that it cannot be run, before a loop is stopped. */
const placeholder: FoundLoop = {
  name: 'worker',
  session: unknown,
  agent: 'generic',
  command: [unknown],
  process: unknown,
  clone: undefined,
  prompt: undefined,
  role: undefined,
  orchestrator: false,
};

const packageOf = { cutover: 'cutover-scripts', loops: 'loops', secrets: 'secrets' };

/** A file for people, which editors know by its schema. */
function textOf(name: keyof typeof packageOf, content: object): string {
  const schema = `node_modules/@cutover/${packageOf[name]}/schema/${name}.schema.json`;
  const page = `https://github.com/cutover/cutover/blob/main/docs/config-${name}.md`;
  const head = `# yaml-language-server: $schema=${schema}\n# Made by cutover init. Its keys: ${page}\n`;
  return `${head}${stringify(content, { lineWidth: 0 })}`;
}
