const rule = '─'.repeat(80);
const footer = '  ⏵⏵ bypass permissions on (shift+tab to cycle)';

/** Screens as the program shows them; those with a version differ between the two that are tested. */
export const input = (draft = '', ...above: string[]): string[] => [
  ...above,
  rule,
  `❯ ${draft}`,
  rule,
  footer,
];

export const sessionLimit154 = [
  '❯ hello',
  "  ⎿  You've hit your session limit · resets 4:01am (UTC)",
  '✻ Churned for 0s',
  '❯ /rate-limit-options',
  rule,
  '  What do you want to do?',
  '  ❯ 1. Stop and wait for limit to reset',
  '    2. Upgrade your plan',
  '  Enter to confirm · Esc to cancel',
];

export const weeklyLimit332 = [
  '❯ hello',
  "  ⎿  You've hit your weekly limit · resets Dec 2, 10:34am (UTC)",
  '❯ /rate-limit-options',
  rule,
  '  What do you want to do?',
  '  ❯ 1. Stop and wait for limit to reset',
  '    2. Wait here, then continue automatically at Dec 2, 10:34am',
  '    3. Upgrade your plan',
  '  Enter to confirm · Esc to cancel',
];

export const continuesByItself332 = [
  '❯ hello',
  "  ⎿  You've hit your 5-hour limit · resets 4:01am (UTC)",
  '● Usage limit reached · set to continue automatically at 4:01am',
  rule,
  '❯ ',
  rule,
  '  ⚠ Usage limit reached · limit resets 4:01am',
  '    Continuing automatically at 4:01am · Esc to cancel',
  footer,
];

export const trust154 = [
  rule,
  ' Accessing workspace:',
  ' /srv/clone',
  ' Quick safety check: Is this a project you created or one you trust?',
  ' ❯ 1. Yes, I trust this folder',
  '   2. No, exit',
  ' Enter to confirm · Esc to cancel',
];

export const trust332 = [
  ...trust154.slice(0, 4),
  ' ❯ No, exit',
  '   Yes, I trust this folder',
  ' Enter to confirm · Esc to cancel',
];

export const bypass332 = [
  rule,
  '  WARNING: Claude Code running in Bypass Permissions mode',
  '  ❯ No, exit',
  '    Yes, I accept',
  '  Enter to confirm · Esc to cancel',
];

export const renderer332 = [
  ' ▐▛███▛█   Claude Code v2.1.332',
  rule,
  '  Try the new fullscreen renderer?',
  '  · Flicker-free output: no more flashing during long responses',
  '  ❯ 1. Yes, try it',
  '    2. Not now',
  '  Enter to confirm · Esc to cancel',
];

const asked = ['❯ Make it.', '  @run touch zzz', '● Bash(touch zzz)', '  ⎿  Waiting…', rule, ' Bash command'];

export const permission154 = [
  ...asked,
  '   touch zzz',
  '   a step',
  ' Do you want to proceed?',
  ' ❯ 1. Yes',
  '   2. Yes, and always allow access to clone/ from this project',
  '   3. No',
  ' Esc to cancel · Tab to amend · ctrl+e to explain',
];

export const permission332 = [
  ...asked,
  ' Tip: auto mode handles these prompts for you — choose "switch to auto mode" below',
  ' a step',
  '╌'.repeat(80),
  ' touch zzz',
  '╌'.repeat(80),
  ' Do you want to proceed?',
  ' ❯ 1. Yes',
  '   2. Yes, and always allow access to /srv/clone from this project',
  '   3. Yes, and switch to auto mode · auto mode handles these prompts for you',
  '   4. No',
  ' Esc to cancel · Tab to amend',
];

/** A session that goes on, before its input line is drawn. */
export const halfDrawn = [
  '❯ 1. Do this',
  '  @run seq 300',
  '● Bash(seq 300)',
  '  ⎿  1',
  '     … +299 lines (ctrl+o to expand)',
  '● ok',
  '✻ Brewed for 1s',
];
