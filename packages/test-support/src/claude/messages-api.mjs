// A stand-in for the Messages API that is enough for the real Claude Code: it streams answers that the prompt itself
// asks for, fails on demand, and logs each prompt as it was received.
//
//   node messages-api.mjs FOLDER [ADDRESS]
//
// Prints the port of ADDRESS (default 127.0.0.1) on which it listens. FOLDER/mode.json is read at each request: { "mode": "good" },
// "unauthorized", "forbidden", "billing", "limit" (with "claim", "resetAt" in Unix seconds), "overloaded", "hang", "slow",
// "drop". FOLDER/requests.jsonl gets a line for each request.
//
// A prompt steers the answer by its lines: `@run COMMAND` calls the Bash tool, `@say WORDS` ends with these words,
// `@repeat COMMAND` calls the Bash tool again and again, `@use TOKENS` says that so many are in the context. A prompt without
// any of these is answered by `Heard: ` and its words.
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder = '.', address = '127.0.0.1'] = process.argv.slice(2);
const hour = 3600;

const readMode = () => {
  try {
    return JSON.parse(readFileSync(join(folder, 'mode.json'), 'utf8'));
  } catch {
    return { mode: 'good' };
  }
};

const texts = ({ content }) =>
  typeof content === 'string'
    ? [content]
    : content.filter(({ type }) => type === 'text').map(({ text }) => text);

/** The last prompt of a conversation, and how many tools have answered since. */
function lastPrompt(messages) {
  let answered = 0;
  for (const message of messages.toReversed()) {
    if (message.role !== 'user') continue;
    const prompt = texts(message).findLast((text) => !text.startsWith('<system-reminder>'));
    if (prompt !== undefined) return { prompt, answered };
    answered += 1;
  }
  return { prompt: '', answered };
}

/** The content of the next answer. */
function answerTo({ messages, tools }) {
  if (tools === undefined || tools.length === 0) return [{ type: 'text', text: '{"title":"A test"}' }];
  const { prompt, answered } = lastPrompt(messages);
  const commands = [...prompt.matchAll(/^@run (.*)$/gm)].map(([, command]) => command);
  const command = commands[answered] ?? /^@repeat (.*)$/m.exec(prompt)?.[1];
  if (command !== undefined) {
    const input = { command, description: 'a step' };
    return [{ type: 'tool_use', id: `toolu_${randomUUID().replaceAll('-', '')}`, name: 'Bash', input }];
  }
  const words =
    /^@say (.*)$/m.exec(prompt)?.[1] ?? (/^@/m.test(prompt) ? 'Done.' : `Heard: ${prompt.slice(0, 200)}`);
  return [{ type: 'text', text: words }];
}

const usageOf = ({ messages }) => ({
  input_tokens: 100,
  cache_creation_input_tokens: 10,
  cache_read_input_tokens: Number(/^@use (\d+)$/m.exec(lastPrompt(messages).prompt)?.[1] ?? 1000),
  output_tokens: 7,
});

function messageOf(request) {
  const content = answerTo(request);
  const usage = usageOf(request);
  return {
    id: `msg_${randomUUID().replaceAll('-', '')}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content,
    stop_reason: content[0].type === 'tool_use' ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage,
  };
}

/** A message as the events of a stream; the input of a tool comes in pieces. */
function* eventsOf(message) {
  const { content, stop_reason, ...rest } = message;
  const { usage } = message;
  yield {
    type: 'message_start',
    message: { ...rest, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
  };
  for (const [index, block] of content.entries()) {
    const isTool = block.type === 'tool_use';
    yield {
      type: 'content_block_start',
      index,
      content_block: isTool ? { ...block, input: {} } : { type: 'text', text: '' },
    };
    const whole = isTool ? JSON.stringify(block.input) : block.text;
    for (let at = 0; at < whole.length; at += 20) {
      const piece = whole.slice(at, at + 20);
      const delta = isTool
        ? { type: 'input_json_delta', partial_json: piece }
        : { type: 'text_delta', text: piece };
      yield { type: 'content_block_delta', index, delta };
    }
    yield { type: 'content_block_stop', index };
  }
  yield {
    type: 'message_delta',
    delta: { stop_reason, stop_sequence: null },
    usage: { output_tokens: usage.output_tokens },
  };
  yield { type: 'message_stop' };
}

const failures = {
  unauthorized: [
    401,
    'authentication_error',
    'OAuth token has expired. Please obtain a new token or refresh your existing token.',
  ],
  revoked: [403, 'permission_error', 'OAuth token has been revoked. Please obtain a new token.'],
  billing: [
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  ],
  overloaded: [529, 'overloaded_error', 'Overloaded'],
  limit: [
    429,
    'rate_limit_error',
    "This request would exceed your account's rate limit. Please try again later.",
  ],
};

function limitHeaders({ claim = 'five_hour', resetAt = Math.floor(Date.now() / 1000) + hour }) {
  return {
    'retry-after': String(Math.max(1, Math.ceil(resetAt - Date.now() / 1000))),
    'anthropic-ratelimit-unified-status': 'rejected',
    'anthropic-ratelimit-unified-reset': String(resetAt),
    'anthropic-ratelimit-unified-representative-claim': claim,
  };
}

async function answer(request, response, body) {
  const { mode, ...more } = readMode();
  const counts = request.url.startsWith('/v1/messages/count_tokens');
  const json = (status, value, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
  if (request.method !== 'POST' || !request.url.startsWith('/v1/messages')) {
    json(request.method === 'HEAD' ? 200 : 404, {});
    return;
  }
  if (counts) {
    json(200, { input_tokens: 1000 });
    return;
  }
  const { prompt, answered } = lastPrompt(body.messages);
  const entry = {
    at: Date.now(),
    mode,
    session: request.headers['x-claude-code-session-id'],
    retry: Number(request.headers['x-stainless-retry-count'] ?? 0),
    title: body.tools === undefined || body.tools.length === 0,
    answered,
    bytes: Buffer.byteLength(prompt),
    sha256: createHash('sha256').update(prompt).digest('hex'),
    start: prompt.slice(0, 200),
  };
  appendFileSync(join(folder, 'requests.jsonl'), `${JSON.stringify(entry)}\n`);
  const failure = failures[mode];
  if (failure !== undefined) {
    const [status, type, message] = failure;
    const headers = mode === 'limit' ? limitHeaders(more) : {};
    json(status, { type: 'error', error: { type, message } }, headers);
    return;
  }
  if (mode === 'hang') return;
  const message = messageOf(body);
  if (body.stream !== true) {
    json(200, message);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of eventsOf(message)) {
    if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, more.pause ?? 500));
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    if (mode === 'drop') {
      response.destroy();
      return;
    }
  }
  response.end();
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const text = Buffer.concat(chunks).toString();
    void answer(request, response, text === '' ? {} : JSON.parse(text));
  });
});
server.listen(0, address, () => console.log(server.address().port));
// The test that started it is gone.
process.stdin.on('end', () => process.exit(0)).resume();
