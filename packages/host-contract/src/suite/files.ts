import { randomBytes } from 'node:crypto';

import { everyCharacter } from './commands.ts';
import { type ContractOptions, type ContractRunner, rejection, until, useFixture } from './fixture.ts';

export function filesContract(runner: ContractRunner, options: ContractOptions): void {
  const { describe, expect, it } = runner;
  describe('files', () => {
    const fixture = useFixture(runner, options);
    const read = async (path: string): Promise<string> =>
      Buffer.from(await fixture.host.readFile(path)).toString();
    const stat = async (path: string, format: string): Promise<string> =>
      (await fixture.host.run(['stat', '-c', format, '--', path])).stdout.trim();
    const list = async (directory: string): Promise<string[]> =>
      (await fixture.host.run(['ls', '-A', '--', directory])).stdout.split('\n').filter(Boolean);
    const makeDirectory = async (name: string, mode = '0755'): Promise<string> => {
      const directory = `${fixture.directory}/${name}`;
      await fixture.host.run(['mkdir', '--', directory]);
      await fixture.host.run(['chmod', mode, '--', directory]);
      return directory;
    };

    it.each([0, 1, 1024 * 1024 + 1])('writes and reads %i bytes', async (size) => {
      const path = `${fixture.directory}/bytes`;
      const data = randomBytes(size);
      await fixture.host.writeFile(path, data, { mode: 0o600 });
      expect(Buffer.from(await fixture.host.readFile(path)).equals(data)).toBe(true);
    });

    it.each(['-n', ' ', "it's", '*', 'a\nb', everyCharacter.replace('/', '').slice(0, 120)])(
      'writes and reads a file named %j',
      async (name) => {
        const directory = `${fixture.directory}/-d $x\n`;
        await fixture.host.run(['mkdir', '-p', '--', directory]);
        await fixture.host.writeFile(`${directory}/${name}`, 'é', { mode: 0o644 });
        expect(await read(`${directory}/${name}`)).toBe('é');
      },
    );

    it.each([0o600, 0o640, 0o644, 0o755, 0o400, 0o666, 0o4755])(
      'gives the mode %o, whatever it was',
      async (mode) => {
        const path = `${fixture.directory}/mode`;
        await fixture.host.run(['sh', '-c', 'umask 0; rm -f "$1"; echo old > "$1"', 'sh', path]);
        await fixture.host.writeFile(path, 'new', { mode });
        expect(await stat(path, '%a')).toBe(mode.toString(8));
        expect(await read(path)).toBe('new');
      },
    );

    it('is never open further than its mode on the way', async () => {
      const directory = await makeDirectory('watched');
      const watch =
        ': > "$1/watched"; while [ ! -e "$1/done" ]; do stat -c "%a %F" "$1"/.[!.]* "$1"/.[!.]*/.[!.]* "$1/file" 2>/dev/null; done | sort -u';
      const watching = fixture.host.run(['sh', '-c', watch, 'sh', directory]);
      await until(async () => (await list(directory)).includes('watched'));
      for (let left = 8; left > 0; left -= 1) {
        await fixture.host.writeFile(`${directory}/file`, randomBytes(500_000), { mode: 0o640 });
      }
      await fixture.host.run(['touch', `${directory}/done`]);
      const seen = (await watching).stdout.split('\n').filter(Boolean);
      expect(seen).toContain('640 regular file');
      const closed = ['600 regular file', '600 regular empty file', '640 regular file', '700 directory'];
      expect(closed).toEqual(expect.arrayContaining(seen));
    });

    it.runIf(options.root)('gives owner and group, by name and by number', async () => {
      const path = `${fixture.directory}/owned`;
      await fixture.host.writeFile(path, 'x', { mode: 0o600 });
      expect(await stat(path, '%U:%G')).toBe('root:root');
      await fixture.host.writeFile(path, 'x', { mode: 0o600, owner: 'daemon' });
      expect(await stat(path, '%U:%G %a')).toBe('daemon:daemon 600');
      await fixture.host.writeFile(path, 'x', { mode: 0o600, owner: 12_345, group: 54_321 });
      expect(await stat(path, '%u:%g')).toBe('12345:54321');
      await fixture.host.writeFile(path, 'x', { mode: 0o600, group: 'daemon' });
      expect(await stat(path, '%U:%G')).toBe('root:daemon');
      const error = await rejection(
        fixture.host.writeFile(path, 'x', { mode: 0o600, owner: 'no-such-user' }),
      );
      expect(error).toMatchObject({ code: 'FILE_REFUSED', path });
    });

    it('replaces a symlink, not what it points to', async () => {
      const directory = await makeDirectory('links');
      await fixture.host.writeFile(`${directory}/target`, 'target', { mode: 0o600 });
      await fixture.host.run(['ln', '-s', 'target', `${directory}/link`]);
      await fixture.host.writeFile(`${directory}/link`, 'link', { mode: 0o600 });
      expect(await stat(`${directory}/link`, '%F')).toBe('regular file');
      expect(await read(`${directory}/target`)).toBe('target');
    });

    it('refuses a parent that is missing, a symlink, or open to others', async () => {
      const open = await makeDirectory('open', '0777');
      await fixture.host.run(['ln', '-s', open, `${fixture.directory}/to-open`]);
      for (const parent of [open, `${fixture.directory}/to-open`, `${fixture.directory}/none`]) {
        const error = await rejection(fixture.host.writeFile(`${parent}/file`, 'x', { mode: 0o600 }));
        expect(error).toMatchObject({
          name: 'FileRefusedError',
          code: 'FILE_REFUSED',
          path: `${parent}/file`,
        });
        expect(error).toHaveProperty('message', expect.stringContaining('parent'));
      }
      expect(await list(open)).toEqual([]);
      const sticky = await makeDirectory('sticky', '1777');
      await fixture.host.writeFile(`${sticky}/file`, 'x', { mode: 0o600 });
    });

    it.runIf(options.root)(
      'is closed to others where the directory has a default ACL, then and after',
      async () => {
        const { host, directory: base } = fixture;
        if ((await host.run(['sh', '-c', 'command -v setfacl'], { reject: false })).exitCode !== 0) return;
        await host.run(['chmod', '755', '--', base]);
        const directory = await makeDirectory('acl');
        await host.run(['setfacl', '-d', '-m', 'u:daemon:rwx,g:daemon:rwx,o::rx', '--', directory]);
        const secret = 'the-secret-of-this-test';
        const spy =
          'while [ ! -e "$1/done" ]; do cat "$1"/.[!.]* "$1"/.[!.]*/* "$1"/.[!.]*/.[!.]* "$1/file" 2>/dev/null; done; true';
        const become = ['setpriv', '--reuid', 'daemon', '--regid', 'daemon', '--clear-groups', '--'];
        const spying = host.run([...become, 'sh', '-c', spy, 'sh', directory]);
        for (let left = 10; left > 0; left -= 1)
          await host.writeFile(`${directory}/file`, secret.repeat(20_000), { mode: 0o640 });
        await host.writeFile(`${directory}/done`, '', { mode: 0o644 });
        expect((await spying).stdout).not.toContain(secret);
        const { stdout } = await host.run(['getfacl', '-c', '--', `${directory}/file`]);
        expect(stdout.trim().split('\n')).toEqual(['user::rw-', 'group::r--', 'other::---']);
        expect(await list(directory)).toEqual(['done', 'file']);

        await host.run(['setfacl', '-m', 'u:daemon:r', '--', `${directory}/file`]);
        await host.writeFile(`${directory}/file`, 'x', { mode: 0o640, keepAttributes: true });
        const kept = await host.run(['getfacl', '-c', '--', `${directory}/file`]);
        expect(kept.stdout).toContain('user:daemon:r--\n');
      },
    );

    it('refuses what is not a regular file, and leaves it', async () => {
      const directory = await makeDirectory('kinds');
      await fixture.host.run(['mkfifo', '--', `${directory}/pipe`]);
      const kinds = [['pipe', 'fifo']];
      if (options.root) {
        const made = await fixture.host.run(['mknod', `${directory}/null`, 'c', '1', '3'], { reject: false });
        if (made.exitCode === 0) kinds.push(['null', 'character special file']);
      }
      for (const [name, kind] of kinds) {
        const error = await rejection(fixture.host.writeFile(`${directory}/${name}`, 'x', { mode: 0o600 }));
        expect(error).toMatchObject({ code: 'FILE_REFUSED' });
        expect(error).toHaveProperty('message', expect.stringContaining(`it is a ${kind}`));
        expect(await stat(`${directory}/${name}`, '%F')).toBe(kind);
      }
    });

    it('refuses a parent to which others may write by its ACL', async () => {
      const { host } = fixture;
      if ((await host.run(['sh', '-c', 'command -v setfacl'], { reject: false })).exitCode !== 0) return;
      const directory = await makeDirectory('shared-by-acl');
      const path = `${directory}/file`;
      await host.run(['setfacl', '-m', 'u:daemon:rwx', '--', directory]);
      expect(await rejection(host.writeFile(path, 'x', { mode: 0o600 }))).toMatchObject({
        code: 'FILE_REFUSED',
        message: expect.stringContaining('may write to its parent directory'),
      });
      await host.run(['chmod', 'g-w', '--', directory]);
      await host.writeFile(path, 'x', { mode: 0o600 });
      expect(await list(directory)).toEqual(['file']);
    });

    it('refuses a directory', async () => {
      const directory = await makeDirectory('directory');
      expect(await rejection(fixture.host.writeFile(directory, 'x', { mode: 0o600 }))).toMatchObject({
        code: 'FILE_REFUSED',
      });
      expect(await rejection(fixture.host.readFile(directory))).toMatchObject({ code: 'FILE_REFUSED' });
    });

    it('tells a missing file from one that cannot be read', async () => {
      const path = `${fixture.directory}/nothing: Permission denied`;
      expect(await rejection(fixture.host.readFile(path))).toMatchObject({
        name: 'FileNotFoundError',
        code: 'FILE_NOT_FOUND',
        path,
      });
      const inFile = `${fixture.directory}/plain/below`;
      await fixture.host.writeFile(`${fixture.directory}/plain`, 'x', { mode: 0o600 });
      expect(await rejection(fixture.host.readFile(inFile))).toMatchObject({ code: 'FILE_NOT_FOUND' });
    });

    it.skipIf(options.root)('never takes a file it may not see for a missing one', async () => {
      const directory = await makeDirectory('closed', '0000');
      for (const path of [directory, `${directory}/file`]) {
        expect(await rejection(fixture.host.readFile(path))).toMatchObject({ code: 'FILE_REFUSED' });
      }
    });

    it('refuses a file larger than maxBytes', async () => {
      const path = `${fixture.directory}/large`;
      await fixture.host.writeFile(path, Buffer.alloc(1001), { mode: 0o600 });
      expect(await rejection(fixture.host.readFile(path, { maxBytes: 1000 }))).toMatchObject({
        code: 'FILE_REFUSED',
      });
      expect(await fixture.host.readFile(path, { maxBytes: 1001 })).toHaveLength(1001);
    });

    it('never shows half of a file while others write it', async () => {
      const directory = await makeDirectory('torn');
      const path = `${directory}/file`;
      const contents = Array.from({ length: 6 }, (_, index) => String(index).repeat(300_000));
      await fixture.host.writeFile(path, contents[0] ?? '', { mode: 0o600 });
      const writing = Promise.all(
        contents.map(async (data) => fixture.host.writeFile(path, data, { mode: 0o600 })),
      );
      for (let left = 10; left > 0; left -= 1) expect(contents).toContain(await read(path));
      await writing;
      expect(await list(directory)).toEqual(['file']);
    });

    it('leaves the old file and nothing else when it is aborted', async () => {
      const directory = await makeDirectory('aborted');
      const path = `${directory}/file`;
      const old = randomBytes(1000).toString('hex');
      await fixture.host.writeFile(path, old, { mode: 0o600 });
      const data = randomBytes(24 * 1024 * 1024);
      for (const delay of [0, 3, 6, 9, 12, 20, 30]) {
        const controller = new AbortController();
        const writing = fixture.host.writeFile(path, data, { mode: 0o600, signal: controller.signal });
        setTimeout(() => controller.abort(), delay);
        const aborted = await writing.then(
          () => false,
          () => true,
        );
        const now = await fixture.host.readFile(path);
        if (aborted && now.length !== data.length) expect(Buffer.from(now).toString()).toBe(old);
        else expect(Buffer.from(now).equals(data)).toBe(true);
        expect(await list(directory)).toEqual(['file']);
        await fixture.host.writeFile(path, old, { mode: 0o600 });
      }
    });

    it('refuses relative paths and wrong modes before anything happens', async () => {
      expect(await rejection(fixture.host.readFile('relative'))).toBeInstanceOf(TypeError);
      expect(await rejection(fixture.host.writeFile('/tmp/', 'x', { mode: 0o600 }))).toBeInstanceOf(
        TypeError,
      );
      expect(await rejection(fixture.host.writeFile('/tmp/x', 'x', { mode: 0o10000 }))).toBeInstanceOf(
        TypeError,
      );
    });
  });
}
