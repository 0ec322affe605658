import manifest from '../package.json' with { type: 'json' };

const argv = process.argv.slice(2);
const [only, ...more] = argv;
// Nothing is loaded for it. (Nothing is awaited here: this is built as CommonJS.)
if (only === '--version' && more.length === 0) process.stdout.write(`${manifest.version}\n`);
else void import('./run-cli.ts').then(({ runCli }) => runCli(argv, manifest.version));
