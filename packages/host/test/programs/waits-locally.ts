import { localHost } from '../../src/index.ts';

const host = localHost();
const seconds = process.env['SLEEP'] ?? '';
const command = host.stream(['sh', '-c', 'sleep "$1" & echo started; wait', 'sh', seconds]);
command.stdout.pipe(process.stdout);
await command.exit;
