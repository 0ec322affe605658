// Someone else may publish packages whose names are those of our commands. What our pages tell a user to type must never run one.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const versionLine = /^\d+\.\d+\.\d+ \([0-9a-f]{7}\)\n$/;

/** Publishes such packages to `registry` and types what our pages say, with nothing installed. Gives what ran wrongly. */
export async function strangersNotRun(packages, registry) {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-strangers-'));
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  // A cache of its own, so that nothing counts as installed that npx has run before; a registry that is not on this machine is slow.
  const alone = { npm_config_cache: join(folder, 'cache') };
  const quick = { npm_config_prefer_offline: 'true', npm_config_ignore_scripts: 'true' };
  const commands = packages.flatMap(({ manifest: { name, bin = {} } }) =>
    Object.keys(bin).map((command) => ({ name, command })),
  );
  try {
    for (const { command } of commands) await publishStranger(join(folder, command), command, registry);
    const findings = [];
    for (const { name, command } of commands) {
      for (const typed of [
        ['--no', command, 'status'],
        ['--no', '--', command, '--version'],
      ]) {
        const said = await say(typed, empty, { ...registry.all(), ...alone });
        if (!said.includes('npx canceled'))
          findings.push(`npx ${typed.join(' ')}, not installed, says ${said}`);
      }
      const ours = ['--yes', '--package', name, '--', command, '--version'];
      const said = await say(ours, empty, { ...registry.scoped('@cutover'), ...quick });
      if (!versionLine.test(said)) findings.push(`npx ${ours.join(' ')} says ${said}`);
    }
    return findings;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function publishStranger(folder, command, registry) {
  mkdirSync(folder);
  const manifest = { name: command, version: '9.9.9', bin: { [command]: 'stranger.js' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'stranger.js'), '#!/usr/bin/env node\nconsole.log("a stranger ran");\n');
  await promisify(execFile)('npm', ['publish', '--loglevel=error', folder], {
    env: { ...process.env, ...registry.all() },
  });
}

/** All that npx says, whatever comes of it. */
async function say(args, cwd, settings) {
  const env = { ...process.env, ...settings };
  const options = { cwd, env, timeout: 5 * 60_000 };
  const { stdout, stderr } = await promisify(execFile)('npx', args, options).catch((error) => error);
  return stdout + stderr;
}
