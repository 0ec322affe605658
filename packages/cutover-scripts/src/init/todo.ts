import { answerOf } from './answers.ts';
import type { Collected } from './collected.ts';
import { isPlainVariable } from './cutover-file.ts';
import { forgeAnswer } from './forge-answer.ts';

/** What only a person can give or decide; a line for each. */
export function todoOf(collected: Collected, forgeProblem: string | undefined): string[] {
  return [...cutoverTodo(collected), ...loopsTodo(collected), ...secretsTodo(collected, forgeProblem)];
}

function cutoverTodo({ answers, facts, loops, hostKeys }: Collected): string[] {
  const of = (flag: string): string => answerOf(answers, flag);
  const forge = forgeAnswer(answers);
  const { clones, resumePoints, otherUnits, units } = facts;
  const hidden = units.flatMap(({ environment }) => environment).filter((one) => !isPlainVariable(one));
  return [
    ...when(
      hostKeys(forge.ssh).length === 0,
      `${of('known-hosts')} has no key of ${forge.ssh.host}: add one that you have verified`,
    ),
    ...when(
      forge.type === 'gitea',
      `${of('forge-token')}: the token of a bot, which only you can read (docs/forge.md, "Gitea")`,
    ),
    ...when(
      forge.type === 'git',
      `you make the repositories and give the keys at ${forge.ssh.host}: be there at the gates (docs/forge.md, "Git and nothing else")`,
    ),
    ...when(
      resumePoints.length > 1,
      `cutover.yaml: old.resumePoint: ${resumePoints.join(', ')} may be it; the first is named`,
    ),
    ...clones
      .filter(({ url }) => url === '')
      .map(({ path }) => `${path} has no remote, so its work cannot move: give it one`),
    ...when(
      clones.length === 0,
      'cutover.yaml: repositories and old.clones: name the clones that the loops work in',
    ),
    ...loops
      .filter(({ process }) => !/[\s/]/.test(process))
      .map(
        ({ name, process }) =>
          `cutover.yaml: old.processes: "${process}" of ${name} is one word; is no other program called so?`,
      ),
    ...when(
      otherUnits.length > 0,
      `cutover.yaml: old.standbyUnits: ${otherUnits.join(', ')} run as ${of('old-user')}; name those that only the rig needs`,
    ),
    ...when(
      hidden.length > 0,
      `cutover.yaml: old.startEnv: ${hidden.map((one) => one.split('=')[0]).join(', ')} of the old unit may be secret and was left out`,
    ),
  ];
}

function loopsTodo({ facts, loops }: Collected): string[] {
  return [
    ...when(loops.length === 0, 'loops.yaml: loops: no session was found; say what each loop runs'),
    ...loops
      .filter(({ agent, prompt }) => agent === 'claude-code' && prompt === undefined)
      .map(({ name }) => `loops.yaml: ${name} has no prompt: no file prompts/${name}.md was found`),
    ...when(
      facts.resumePoints.length > 0 && facts.plans.length === 0,
      'loops.yaml: phases: name the plan files that the resume point counts',
    ),
  ];
}

function secretsTodo({ answers, facts }: Collected, forgeProblem: string | undefined): string[] {
  return [
    ...when(
      forgeProblem !== undefined,
      `secrets.yaml: the key with which ${answerOf(answers, 'old-name')} reaches the forge must not be there, and the forge could not be asked which it is: ${forgeProblem}`,
    ),
    ...when(
      (answers.get('recipient') ?? []).length === 0,
      'secrets.yaml: recipients: without one, only the new host can open the secrets (age-keygen makes a key)',
    ),
    ...when(
      facts.secrets.length + (answers.get('secret') ?? []).length === 0,
      'secrets.yaml: secrets: no file with a secret was found: name at least one, e.g. the .env of the rig',
    ),
    ...when(
      facts.secrets.length > 0,
      'secrets.yaml: look through the list: files that only their owner may read were taken for secrets',
    ),
  ];
}

function when(holds: boolean, line: string): string[] {
  return holds ? [line] : [];
}
