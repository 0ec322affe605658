import { commandVersion } from '@cutover/foundation/command-version';
import manifest from '../package.json' with { type: 'json' };

const argv = process.argv.slice(2);
const [only, ...more] = argv;
const version = commandVersion(manifest.version);
// Nothing is loaded for it. (Nothing is awaited here: this is built as CommonJS.)
if (only === '--version' && more.length === 0) process.stdout.write(`${version}\n`);
else void import('./run-cli.ts').then(({ runCli }) => runCli(argv, version));
