import { connectIncus } from '@cutover/incus-client';

// A program of its own, so that its memory can be held against that of the incus command: list, and end.
const [socketPath = '', project = ''] = process.argv.slice(2);
await using client = await connectIncus({ socketPath, project });
process.stdout.write(`${(await client.instances.listFull()).length}\n`);
