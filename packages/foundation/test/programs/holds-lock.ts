import { spawn } from 'node:child_process';
import { takeKernelLock } from '../../src/kernel-lock.ts';

// Holds a lock until it is killed; its child, whose pid it prints, outlives it.
const [path = ''] = process.argv.slice(2);
await takeKernelLock(path, { holder: `pid ${process.pid}` });
const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
console.log(child.pid);
setInterval(() => {}, 1000);
