import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkout } from '../../src/folders.ts';
import { openLab } from '../../src/index.ts';
import { withScreens } from '../../src/record-cutover/page.ts';
import { recordCutover } from '../../src/record-cutover/record.ts';

test('a cutover done as the tutorial tells it shows what the tutorial shows', async () => {
  await using lab = await openLab();
  const screens = await recordCutover({
    lab,
    onProgress: () => {},
    signal: AbortSignal.timeout(1_100_000),
  });
  // It throws where a line of the page was not shown again.
  const page = withScreens(await readFile(join(checkout(), 'docs/tutorial-cutover.md'), 'utf8'), screens);
  expect(page).toContain(screens.get('reboot-proof'));
}, 1_200_000);
