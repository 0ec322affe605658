// The public health page of the server that the loops look after. It is in good health while it knows the head commit
// of cc-ci from the forge: GET /health answers 200 {"status":"ok","head":SHA}, or 503 with the reason.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

const exec = promisify(execFile);
let known = { at: -Infinity, answer: undefined };

/**
 * One look at the forge in five seconds at most, shared by all who ask meanwhile.
 *
 * @returns {Promise<{ status: string, head?: string, reason?: string }>}
 */
function head() {
  if (performance.now() - known.at > 5000) {
    known = {
      at: performance.now(),
      answer: exec('git', ['ls-remote', 'git@forge:cc-ci.git', 'refs/heads/main'], { timeout: 10_000 }).then(
        ({ stdout }) => ({ status: 'ok', head: stdout.split('\t')[0] }),
        (error) => ({
          status: 'failed',
          reason: String(error.stderr || error.message)
            .trim()
            .split('\n')[0],
        }),
      ),
    };
  }
  return known.answer;
}

createServer(async (request, response) => {
  if (request.url !== '/health') {
    response.writeHead(404).end();
    return;
  }
  const answer = await head();
  response.writeHead(answer.status === 'ok' ? 200 : 503, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(answer)}\n`);
}).listen(80);
