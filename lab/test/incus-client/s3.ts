import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { BucketKey } from '@cutover/incus-client';

const region = 'us-east-1';
const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** One request to an S3 server whose certificate is `ca`, signed by a bucket's key (AWS Signature Version 4). */
export async function s3(key: BucketKey, ca: string, method: 'GET' | 'PUT', url: string, body = '') {
  const { host, pathname } = new URL(url);
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${now.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers: Record<string, string> = { host, 'x-amz-content-sha256': sha256(body), 'x-amz-date': now };
  const names = Object.keys(headers).sort().join(';');
  const lines = names.split(';').map((name) => `${name}:${headers[name]}\n`);
  const asked = [method, pathname, '', lines.join(''), names, sha256(body)].join('\n');
  const signingKey = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${key['secret-key']}`);
  const signature = hmac(signingKey, ['AWS4-HMAC-SHA256', now, scope, sha256(asked)].join('\n'));
  const authorization = `AWS4-HMAC-SHA256 Credential=${key['access-key']}/${scope}, SignedHeaders=${names}, Signature=${signature.toString('hex')}`;
  const sent = request(url, { method, ca, agent: false, headers: { ...headers, authorization } }).end(body);
  const [reply] = await once(sent, 'response');
  return { status: Number(reply.statusCode), body: await text(reply) };
}
