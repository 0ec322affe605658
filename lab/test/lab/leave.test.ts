import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { foldersIn, labFolders, labsFolder } from '../../src/folders.ts';
import { sweep } from '../../src/leave.ts';

describe('sweep', () => {
  it('says in one line what it cannot clean up, and fails for none of it', async () => {
    const id = randomBytes(4).toString('hex');
    const { root, leases } = foldersIn(join(labsFolder(), `lab-${id}`), id);
    await mkdir(root);
    onTestFinished(() => rm(root, { recursive: true }));
    await writeFile(leases, 'not a folder');
    const warnings: string[] = [];
    await sweep(labFolders('').id, (text) => warnings.push(text));
    expect(warnings.filter((text) => text.includes(root))).toEqual([
      expect.stringContaining(`the unused lab in ${root} could not be cleaned up: Error: ENOTDIR`),
    ]);
  });
});
