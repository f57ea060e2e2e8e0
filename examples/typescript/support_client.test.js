// Tests of support_client against a scripted exporter.
//
//   cd examples/typescript && node --test

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { SupportClient } from './support_client.js';

/** Answers as scripted, then takes everything in; rejects events of the conversation "bad". */
async function startExporter(t, ...script) {
  const requests = []; // { path, headers, events } of each
  const exporter = { requests, limit: Infinity, batches: () => requests.map((r) => r.events.length) };
  const server = createServer(async (request, response) => {
    if (request.headers['content-length'] > exporter.limit) { // refused unread, as the exporter does
      response.writeHead(413, { Connection: 'close' });
      response.end(JSON.stringify({ errors: [{ index: -1, field: '', message: 'no, thanks' }] }));
      return;
    }
    const chunks = await request.toArray();
    const events = Buffer.concat(chunks).toString().trimEnd().split('\n').map((line) => JSON.parse(line));
    requests.push({ path: request.url, headers: request.headers, events });
    const [step, headers] = [script.shift() ?? 200].flat();
    if (step === 'cut') {
      request.socket.destroy();
    } else if (typeof step === 'string') {
      response.end(step); // of something else than an exporter
    } else if (step === 200) {
      const errors = events.flatMap((e, index) => (e.conversation_id === 'bad' ? [{ index, field: 'csat', message: 'is 9' }] : []));
      response.writeHead(errors.length ? 207 : 200);
      response.end(JSON.stringify({ accepted: events.length - errors.length, duplicates: 0, rejected: errors.length, errors }));
    } else {
      response.writeHead(step, headers);
      response.end(JSON.stringify({ accepted: 0, duplicates: 0, rejected: events.length, errors: [{ index: -1, field: '', message: 'no, thanks' }] }));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(exporter, { url: `http://127.0.0.1:${server.address().port}` });
}

function start(t, exporter, options = {}) {
  const logged = [];
  const client = new SupportClient({
    url: exporter.url, firstBackoffMs: 10, flushIntervalMs: 10, log: (m) => logged.push(m), ...options,
  });
  t.after(() => client.close(0));
  return { client, logged };
}

function conversations(client, ...ids) {
  return ids.map((conversation_id) => client.record({ conversation_id }));
}

const none = { queued: 0, accepted: 0, duplicates: 0, rejected: 0, dropped: 0, retries: 0 };

test('events go out as they are, with an id and a time', async (t) => {
  const exporter = await startExporter(t);
  const { client } = start(t, exporter);
  client.record({ conversation_id: 'c', csat: 5 });
  client.record({ conversation_id: 'c', id: 'chatcmpl-1', time: '2026-01-02T03:04:05Z', cost_delta: { usd: 0.01 } });
  await client.flush();
  const [{ path, headers, events }] = exporter.requests;
  assert.equal(path, '/api/v1/events');
  assert.equal(headers['content-type'], 'application/x-ndjson');
  assert.equal(headers.authorization, undefined);
  assert.equal(events[0].id.length, 36);
  assert.ok(Math.abs(Date.now() - Date.parse(events[0].time)) < 60_000);
  assert.deepEqual(events[1], { conversation_id: 'c', id: 'chatcmpl-1', time: '2026-01-02T03:04:05Z', cost_delta: { usd: 0.01 } });
});

test('an id and a time that are undefined are absent', async (t) => {
  const exporter = await startExporter(t);
  const { client } = start(t, exporter);
  client.record({ conversation_id: 'c', id: undefined, time: undefined, intent: undefined });
  client.record({ conversation_id: 'c', id: null, time: null });
  await client.flush();
  for (const event of exporter.requests[0].events) {
    assert.deepEqual(Object.keys(event).sort(), ['conversation_id', 'id', 'time']);
    assert.equal(event.id.length, 36);
    assert.ok(Math.abs(Date.now() - Date.parse(event.time)) < 60_000);
  }
});

test('batches are of the size, and the last is flushed', async (t) => {
  const exporter = await startExporter(t);
  const { client } = start(t, exporter, { batchSize: 3, flushIntervalMs: 60_000 });
  conversations(client, ...'abcdefg');
  await client.flush();
  assert.deepEqual(exporter.batches(), [3, 3, 1]);
  assert.deepEqual(client.stats, { ...none, accepted: 7 });
});

test('an event does not wait for its batch to fill', async (t) => {
  const exporter = await startExporter(t);
  const { client } = start(t, exporter);
  conversations(client, 'c');
  while (client.stats.queued > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual(client.stats, { ...none, accepted: 1 });
});

test('a retry sends the same', async (t) => {
  const exporter = await startExporter(t, 503, 'cut', [429, { 'Retry-After': '0' }], 500);
  const { client } = start(t, exporter);
  client.record({ conversation_id: 'c', csat: 5 });
  await client.flush();
  const sent = exporter.requests.map((r) => r.events);
  assert.equal(sent.length, 5);
  sent.forEach((events) => assert.deepEqual(events, sent[0]));
  assert.deepEqual(client.stats, { ...none, accepted: 1, retries: 4 });
});

test('Retry-After is kept', async (t) => {
  const exporter = await startExporter(t, [503, { 'Retry-After': '1' }]);
  const { client } = start(t, exporter);
  const before = Date.now();
  conversations(client, 'c');
  await client.flush();
  assert.ok(Date.now() - before >= 990);
});

test('waits grow, and differ from client to client', async (t) => {
  const waits = [];
  const { setTimeout } = globalThis;
  t.mock.method(globalThis, 'setTimeout', (f, ms, ...args) => {
    waits.push(ms);
    return setTimeout(f, ms, ...args);
  });
  for (const [random, want] of [[0, [5, 10, 20]], [0.5, [10, 20, 40]], [1, [15, 30, 60]]]) {
    const exporter = await startExporter(t, 503, 503, 503);
    const { client } = start(t, exporter, { flushIntervalMs: 60_000 });
    t.mock.method(Math, 'random', () => random);
    waits.length = 0;
    conversations(client, 'c');
    await client.flush();
    assert.deepEqual(waits.filter((ms) => ms <= 60), want);
  }
});

test('gives up when the time is over', async (t) => {
  const exporter = await startExporter(t, ...Array(1000).fill(503));
  const told = [];
  const { client, logged } = start(t, exporter, { maxElapsedMs: 50, onReject: (e, why) => told.push([e.conversation_id, why]) });
  conversations(client, 'c');
  await client.flush();
  assert.equal(client.stats.dropped, 1);
  assert.match(told.join(), /^c,gave up after \d+ attempts: 503: no, thanks$/);
  assert.match(logged.at(-1), /^1 events lost: gave up/);
});

const notAll = '{"accepted": 0, "duplicates": 0, "rejected": 0, "errors": []}';
for (const step of [[307, { Location: '/other' }], 401, 403, 404, 415, '<html>', notAll]) {
  test(`an answer that is final is not asked for again: ${step}`, async (t) => {
    const exporter = await startExporter(t, step);
    const { client } = start(t, exporter);
    conversations(client, 'c');
    await client.flush();
    assert.deepEqual(client.stats, { ...none, dropped: 1 });
    assert.equal(exporter.requests.length, 1);
  });
}

test('rejected events are named', async (t) => {
  const exporter = await startExporter(t);
  const told = [];
  const { client, logged } = start(t, exporter, { onReject: (e, why) => told.push([e.conversation_id, why]) });
  conversations(client, 'a', 'bad', 'c');
  await client.flush();
  assert.deepEqual(told, [['bad', 'csat: is 9']]);
  assert.deepEqual(logged, ['1 of 3 events rejected; the first: csat: is 9']);
  assert.deepEqual(client.stats, { ...none, accepted: 2, rejected: 1 });
});

test('callbacks that throw end nothing', async (t) => {
  const exporter = await startExporter(t);
  const fail = () => { throw new Error('mine'); };
  const { client } = start(t, exporter, { onReject: fail, log: fail });
  conversations(client, 'bad');
  await client.flush();
  conversations(client, 'c');
  await client.flush();
  assert.deepEqual(client.stats, { ...none, accepted: 1, rejected: 1 });
});

test('what is too large is split', async (t) => {
  const exporter = await startExporter(t, 413, 200, 413, 200, 413);
  const { client } = start(t, exporter);
  conversations(client, ...'abcd');
  await client.flush();
  assert.deepEqual(exporter.batches(), [4, 2, 2, 1, 1]);
  assert.deepEqual(client.stats, { ...none, accepted: 3, rejected: 1 });
});

test('a batch has a mebibyte unless it is one event, and does not wait for more', async (t) => {
  const exporter = await startExporter(t);
  const { client } = start(t, exporter, { flushIntervalMs: 3_600_000 });
  for (const kilobytes of [400, 400, 400, 2000, 400]) {
    client.record({ conversation_id: 'c', intent: 'x'.repeat(kilobytes << 10) });
  }
  while (client.stats.accepted < 4) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual(exporter.batches(), [2, 1, 1]);
  await client.flush();
  assert.deepEqual(exporter.batches(), [2, 1, 1, 1]);
});

test('an event that is refused before it is sent whole is rejected', async (t) => {
  const exporter = await startExporter(t);
  exporter.limit = 4 << 20;
  const told = [];
  const { client } = start(t, exporter, { flushIntervalMs: 60_000, onReject: (e, why) => told.push([e.id, why]) });
  for (const [id, size] of Object.entries([1, 32 << 20, 1])) { // more than fits into the sockets
    client.record({ id, conversation_id: 'c', intent: 'x'.repeat(size) });
  }
  await client.flush();
  assert.deepEqual(told, [['1', '413: no, thanks']]);
  assert.deepEqual(client.stats, { ...none, accepted: 2, rejected: 1 });
});

test('the token is the option or the environment', async (t) => {
  const exporter = await startExporter(t);
  t.after(() => delete process.env.SUPPORT_EXPORTER_TOKEN);
  process.env.SUPPORT_EXPORTER_TOKEN = 't2';
  for (const token of ['t1', undefined]) {
    const { client } = start(t, exporter, { token });
    conversations(client, 'c');
    await client.flush();
  }
  assert.deepEqual(exporter.requests.map((r) => r.headers.authorization), ['Bearer t1', 'Bearer t2']);
});

test('a token that no header can have is refused', () => {
  for (const token of ['s3\ncret', 's3 cret', 's3cr\u00e9t']) {
    assert.throws(() => new SupportClient({ token }), new TypeError('token: must be printable ASCII without spaces'));
  }
});

test('a bad address is told at once, and not repeated', () => {
  const none = 'exporter url: is none; in a name or a password what has a meaning in a url must be %-escaped';
  const scheme = 'exporter url: must begin with http:// or https://';
  for (const [url, message] of [
    ['localhost:10877', scheme],
    ['ftp://n4me:s3cret@host', scheme],
    ['n4me:s3cret@host', scheme],
    ['http://', none],
    ['http://:80', none],
    ['http://host/?token=s3cret', 'exporter url: must have no query and no fragment'],
    ['http://n4me:s3cret/1@host', none],
    ['http://n4me:s3cret%zz@host', none],
    ['http://n4me:s3cret@ho st', none],
  ]) {
    assert.throws(() => new SupportClient({ url }), new TypeError(message), url); // with no input, as URL's own error has
  }
});

test('options that are no sizes and times are refused', () => {
  for (const name of ['batchSize', 'queueSize']) {
    for (const value of [0, -1, 1.5, NaN, '5']) {
      const message = `${name}: must be an integer of at least 1, got ${value}`;
      assert.throws(() => new SupportClient({ [name]: value }), new TypeError(message));
    }
  }
  for (const name of ['flushIntervalMs', 'maxElapsedMs', 'firstBackoffMs', 'requestTimeoutMs', 'exitTimeoutMs']) {
    for (const value of [-1, NaN, Infinity, 2 ** 31, '5', ...(name === 'exitTimeoutMs' ? [] : [0])]) {
      const message = `${name}: must be milliseconds, more than 0 and at most 2147483647, got ${value}`;
      assert.throws(() => new SupportClient({ [name]: value }), new TypeError(message));
    }
  }
});

test('credentials are in the header alone', async (t) => {
  for (const [user, token, want] of [
    ['n4me:s3%20cret@', undefined, 'Basic bjRtZTpzMyBjcmV0'],
    ['n4me@', undefined, 'Basic bjRtZTo='],
    ['n4me:s3%20cret@', 't0ken', 'Bearer t0ken'],
    ['', ' t0ken\r\n', 'Bearer t0ken'],
  ]) {
    const exporter = await startExporter(t, 'cut', 401);
    const told = [];
    const url = exporter.url.replace('http://', `http://${user}`);
    const { client, logged } = start(t, exporter, { url, token, onReject: (_, why) => told.push(why) });
    conversations(client, 'c');
    await client.flush();
    assert.deepEqual(exporter.requests.map((r) => r.headers.authorization), [want, want]);
    assert.match(logged.join(), /retrying.*lost/);
    assert.doesNotMatch([...logged, ...told].join(), /n4me|s3|cret|t0ken/);
  }
});

test('the exporter may be under a path', async (t) => {
  const exporter = await startExporter(t);
  const { client } = start(t, exporter, { url: `${exporter.url}/s\u00fcpport team/` });
  conversations(client, 'c');
  await client.flush();
  assert.equal(exporter.requests[0].path, '/s%C3%BCpport%20team/api/v1/events');
});

test('a full queue drops and never waits', async (t) => {
  const exporter = await startExporter(t, [503, { 'Retry-After': '60' }]);
  const { client, logged } = start(t, exporter, { batchSize: 1, queueSize: 2 });
  conversations(client, 'c');
  while (client.stats.retries === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  logged.length = 0;
  assert.deepEqual(conversations(client, ...'abcde'), [true, true, false, false, false]);
  assert.equal(logged.length, 1);
  assert.equal(client.stats.queued, 3);
  assert.equal(await client.close(), true); // ends the wait: the exporter is back
  assert.deepEqual(client.stats, { ...none, accepted: 3, dropped: 3, retries: 1 });
});

test('close gives up in time and says what is lost', async (t) => {
  const exporter = await startExporter(t, ...Array(1000).fill(503));
  const { client, logged } = start(t, exporter);
  conversations(client, 'c');
  await client.close(50);
  assert.equal(client.stats.dropped, 1);
  assert.equal(client.stats.queued, 0);
  assert.match(logged.at(-1), /1 events lost: gave up/);
  assert.equal(client.record({ conversation_id: 'c' }), false);
  assert.equal(client.stats.dropped, 2);
});

test('what has no JSON form is dropped and does not throw', async (t) => {
  const exporter = await startExporter(t);
  const { client, logged } = start(t, exporter);
  const circular = { conversation_id: 'c' };
  circular.cost = circular;
  for (const event of [{ conversation_id: 'c', cost: { usd: NaN } }, { conversation_id: 'c', turns: 3n }, circular, null]) {
    assert.equal(client.record(event), false);
  }
  assert.match(logged[0], /usd is NaN/);
  assert.deepEqual(client.stats, { ...none, dropped: 4 });
});

/** Runs a program of its own, which ends; gives the conversations that reached the exporter. */
async function run(exporter, script) {
  const url = new URL('./support_client.js', import.meta.url);
  const program = `import { SupportClient } from '${url}'; const client = new SupportClient({ log: console.log }); ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, SUPPORT_EXPORTER_URL: exporter.url },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [output] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
  const events = exporter.requests.flatMap((r) => r.events.map((e) => e.conversation_id));
  return { events, output: Buffer.concat(output).toString() };
}

test('the program\'s end delivers, and waits for the exporter', async (t) => {
  const exporter = await startExporter(t, 503, 'cut');
  const { events } = await run(exporter, `client.record({ conversation_id: 'c' });`);
  assert.deepEqual(events, ['c', 'c', 'c']);
});

test('process.exit loses, and says so', async (t) => {
  const exporter = await startExporter(t);
  const { events, output } = await run(exporter, `client.record({ conversation_id: 'c' }); process.exit(0);`);
  assert.deepEqual(events, []);
  assert.equal(output, '1 events not delivered: the program was ended\n');
});

test('many clients share their listeners, and each delivers at the program\'s end', async (t) => {
  const exporter = await startExporter(t);
  const { events, output } = await run(exporter, `
    const listeners = () => process.listenerCount('beforeExit') + process.listenerCount('exit');
    const before = listeners();
    const clients = Array.from({ length: 20 }, () => new SupportClient());
    clients.forEach((c, n) => c.record({ conversation_id: String(n + 10) }));
    console.log(listeners() - before);
    await Promise.all([client, ...clients.slice(10)].map((c) => c.close()));
    process.on('exit', () => console.log(process.listenerCount('beforeExit')));`);
  assert.deepEqual(events.sort(), Array.from({ length: 20 }, (_, n) => String(n + 10)));
  assert.equal(output, '0\n0\n');
});

test('the program\'s end does not wait for ever', async (t) => {
  const { events, output } = await run({ url: 'http://127.0.0.1:9', requests: [] },
    `client.record({ conversation_id: 'c' }); client.close(300);`);
  assert.deepEqual(events, []);
  assert.match(output, /1 events lost: gave up/);
});
