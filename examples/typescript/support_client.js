// Pushes what happens in support conversations to the support exporter.
//
//   const client = new SupportClient(); // $SUPPORT_EXPORTER_URL, or http://127.0.0.1:10877
//   client.record({ conversation_id: 'c-1', intent: 'refund', csat: 5 });
//
// record never waits and never throws. What is queued is sent in batches in the
// background, and what fails is repeated, each event with the same id, so that it
// counts once however often it is sent. When the program runs out of work the rest
// is delivered before it ends. process.exit and signals leave no time for that:
// `await client.close()` before.
//
// No dependencies; Node 20 or later, or anything else that has fetch. The types
// can be erased, and support_client.js is this file without them: copy either.

export const DEFAULT_URL = 'http://127.0.0.1:10877';

const EVENTS_PATH = '/api/v1/events';
const MAX_BACKOFF_MS = 30_000;
const MAX_RETRY_AFTER_MS = 24 * 3600 * 1000;
const MAX_BATCH = 1 << 20; // characters of a request's events, unless it is one alone
const MAX_TIMER_MS = 2 ** 31 - 1; // a longer timer ends at once
const LAST_TRY_MS = 1000; // what an attempt gets when the time is over

/** An amount in US dollars and, where known, what it was spent on. */





/**
 * What happened in one conversation: one fact, or as many as are known. Each
 * counts once, under the labels known by then: name them with the first event.
 */
























































/** What came of an attempt: an answer, or that another may succeed, or that none will. */






/** What Node has beyond the web's interfaces. */






const node = (globalThis                         ).process;

/** Sends events to one exporter. */
export class SupportClient {
  /** Those that are not closed. They share their listeners, since Node warns of more than ten. */
  static          #open = new Set               ();
  static          #atEnd = () => SupportClient.#open.forEach((c) => void c.close(c.#options.exitTimeoutMs));
  static          #atExit = () => SupportClient.#open.forEach((c) => c.#giveUp('the program was ended'));

           #endpoint        ;
           #headers                        ;
           #options                                          ;
           #counts = { accepted: 0, duplicates: 0, rejected: 0, dropped: 0, retries: 0 };
  #queue         = [];
  #characters = 0; // of the lines in it
  #taken = 0; // events ever queued
  #done = 0; // of them, answered or given up
  #flushTo = 0; // send at once what was queued up to here
  #complained = -Infinity; // when it was last logged that the queue is full
  #deadline = Infinity; // when closing: be done by then
  #sending                           ;
  #closed                              ;
  #timer                                           ;
  #wake = () => {};

  constructor(options          = {}) {
    const { endpoint, basic } = readURL(options.url || node?.env.SUPPORT_EXPORTER_URL || DEFAULT_URL);
    const token = (options.token || node?.env.SUPPORT_EXPORTER_TOKEN || '').trim();
    if (!/^[!-~]*$/.test(token)) {
      throw new TypeError('token: must be printable ASCII without spaces');
    }
    const authorization = token ? `Bearer ${token}` : basic;
    this.#endpoint = endpoint;
    this.#headers = { 'Content-Type': 'application/x-ndjson', ...(authorization && { Authorization: authorization }) };
    this.#options = {
      batchSize: atLeastOne('batchSize', options.batchSize ?? 500),
      queueSize: atLeastOne('queueSize', options.queueSize ?? 10_000),
      flushIntervalMs: positive('flushIntervalMs', options.flushIntervalMs ?? 1000),
      maxElapsedMs: positive('maxElapsedMs', options.maxElapsedMs ?? 15 * 60_000),
      firstBackoffMs: positive('firstBackoffMs', options.firstBackoffMs ?? 500),
      requestTimeoutMs: positive('requestTimeoutMs', options.requestTimeoutMs ?? 30_000),
      exitTimeoutMs: options.exitTimeoutMs === 0 ? 0 : positive('exitTimeoutMs', options.exitTimeoutMs ?? 10_000),
      log: options.log ?? ((message) => console.warn(`support_client: ${message}`)),
      onReject: options.onReject ?? (() => {}),
    };
    SupportClient.#open.add(this);
    if (SupportClient.#open.size === 1) {
      node?.on('beforeExit', SupportClient.#atEnd);
      node?.on('exit', SupportClient.#atExit);
    }
  }

  /** Counts so far. */
  get stats()        {
    return { queued: this.#taken - this.#done, ...this.#counts };
  }

  /**
   * Takes an event to be sent soon. False if it was dropped, which is counted and
   * logged: the queue is full, the client is closed, or the event has no JSON form.
   */
  record(event              )          {
    let whole              ;
    let line        ;
    try {
      // Fields that are there and undefined are as good as absent.
      whole = { ...event, id: event.id ?? crypto.randomUUID(), time: event.time ?? new Date().toISOString() };
      line = JSON.stringify(whole, plainNumber);
    } catch (error) {
      return this.#drop(`event dropped, it has no JSON form: ${words(error)}`);
    }
    if (this.#closed) {
      return this.#drop('event dropped: the client is closed');
    }
    if (this.#queue.length >= this.#options.queueSize) {
      return this.#dropForRoom();
    }
    this.#queue.push({ event: whole, line });
    this.#characters += line.length;
    this.#taken++;
    this.#schedule();
    return true;
  }

  /** Sends all that was queued before the call, and waits until each event was answered or given up. */
  async flush()                {
    const target = this.#taken;
    this.#flushTo = Math.max(this.#flushTo, target);
    while (this.#done < target) {
      await this.#send();
    }
  }

  /**
   * Takes no more events and delivers those queued. True if each was answered or
   * given up in time; what was not is counted as dropped.
   */
  close(timeoutMs = 10_000)                   {
    this.#closed ??= this.#end(timeoutMs);
    return this.#closed;
  }

  async #end(timeoutMs        )                   {
    this.#deadline = Date.now() + timeoutMs;
    this.#wake(); // whoever waits for the next attempt
    let timer                                           ;
    const late = new Promise      ((resolve) => {
      timer = setTimeout(resolve, Math.min(timeoutMs + LAST_TRY_MS + 500, MAX_TIMER_MS));
    });
    await Promise.race([this.flush(), late]);
    clearTimeout(timer);
    SupportClient.#open.delete(this);
    if (SupportClient.#open.size === 0) {
      node?.off('beforeExit', SupportClient.#atEnd);
      node?.off('exit', SupportClient.#atExit);
    }
    return this.#giveUp('no time left');
  }

  /** Gives up what is not delivered yet. True if that is nothing. */
  #giveUp(why        )          {
    const left = this.#taken - this.#done;
    if (left === 0) {
      return true;
    }
    this.#queue = [];
    this.#characters = 0;
    this.#done = this.#taken;
    this.#counts.dropped += left;
    this.#log(`${left} events not delivered: ${why}`);
    return false;
  }

  #log(message        )       {
    try {
      this.#options.log(message);
    } catch {
      // a log that fails must not end the agent
    }
  }

  #drop(message        )        {
    this.#counts.dropped++;
    this.#log(message);
    return false;
  }

  /** A full queue is logged once in ten seconds, not once an event. */
  #dropForRoom()        {
    if (Date.now() - this.#complained < 10_000) {
      this.#counts.dropped++;
      return false;
    }
    this.#complained = Date.now();
    return this.#drop(`events are dropped: the queue of ${this.#options.queueSize} is full`);
  }

  #schedule()       {
    if (this.#isDue()) {
      void this.#send();
    } else if (this.#queue.length > 0) {
      this.#timer ??= unref(setTimeout(() => void this.flush(), this.#options.flushIntervalMs));
    }
  }

  #isDue()          {
    const full = this.#queue.length >= this.#options.batchSize || this.#characters >= MAX_BATCH;
    return full || this.#done < this.#flushTo;
  }

  /** Sends what is due, one batch after the other. */
  #send()                {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendBatches().finally(() => {
      this.#sending = undefined;
      this.#schedule();
    });
    return this.#sending;
  }

  async #sendBatches()                {
    while (this.#queue.length > 0 && this.#isDue()) {
      const batch = this.#nextBatch();
      await this.#deliver(batch);
      this.#done = Math.min(this.#done + batch.length, this.#taken);
    }
  }

  /** Takes from the queue what goes into one request. */
  #nextBatch()         {
    let events = 0;
    let size = 0;
    for (const { line } of this.#queue) {
      if (events === this.#options.batchSize || (events > 0 && size + line.length > MAX_BATCH)) {
        break;
      }
      events++;
      size += line.length;
    }
    this.#characters -= size;
    return this.#queue.splice(0, events);
  }

  /** Sends a batch, in parts if it is too large for the exporter, and sees to what came of it. */
  async #deliver(batch        )                {
    const outcome = await this.#post(batch);
    if (outcome.kind === 'too large' && batch.length > 1) {
      const half = batch.length >> 1;
      await this.#deliver(batch.slice(0, half));
      await this.#deliver(batch.slice(half));
    } else if (outcome.kind === 'answer') {
      const { accepted, duplicates, rejected, errors } = outcome.answer;
      this.#counts.accepted += accepted;
      this.#counts.duplicates += duplicates;
      this.#counts.rejected += rejected;
      if (rejected > 0) {
        this.#log(`${rejected} of ${batch.length} events rejected; the first: ${named(errors[0])}`);
      }
      errors.forEach((e) => this.#tell(batch[e.index].event, named(e)));
    } else {
      this.#counts[outcome.kind === 'too large' ? 'rejected' : 'dropped'] += batch.length;
      this.#log(`${batch.length} events lost: ${outcome.message}`);
      batch.forEach((item) => this.#tell(item.event, outcome.message));
    }
  }

  #tell(event              , message        )       {
    try {
      this.#options.onReject(event, message);
    } catch (error) {
      this.#log(`onReject failed: ${words(error)}`);
    }
  }

  /** Repeats a request until its outcome is final. The last attempt is made when the time is over. */
  async #post(batch        )                                                   {
    const body = batch.map((item) => item.line + '\n').join('');
    const start = Date.now();
    const left = () => Math.min(start + this.#options.maxElapsedMs, this.#deadline) - Date.now();
    let backoff = this.#options.firstBackoffMs;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(body, batch.length, left());
      if (outcome.kind !== 'temporary') {
        return outcome;
      }
      if (left() <= 0) {
        return { kind: 'final', message: `gave up after ${attempt} attempts: ${outcome.message}` };
      }
      const wait = outcome.afterMs > 0
        ? outcome.afterMs * (1 + Math.random() / 4) // not all clients at once
        : backoff * (0.5 + Math.random());
      backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
      this.#counts.retries++;
      this.#log(`retrying ${batch.length} events, attempt ${attempt} failed: ${outcome.message}`);
      await this.#sleep(Math.min(wait, left()));
    }
  }

  async #attempt(body        , events        , leftMs        )                   {
    const timeout = Math.min(this.#options.requestTimeoutMs, Math.max(leftMs, LAST_TRY_MS));
    try {
      const response = await fetch(this.#endpoint, {
        method: 'POST',
        headers: this.#headers,
        body,
        redirect: 'manual', // a token is for one address alone
        signal: AbortSignal.timeout(timeout),
      });
      return judge(response.status, response.headers.get('Retry-After') ?? '', await response.text(), events);
    } catch (error) {
      return { kind: 'temporary', message: words(error), afterMs: 0 };
    }
  }

  /** Waits; until the client is closed it keeps no program alive, and closing ends it. */
  #sleep(ms        )                {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      if (this.#closed) {
        return;
      }
      unref(timer);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function atLeastOne(name        , value        )         {
  if (!Number.isInteger(value) || value < 1) {
    throw new TypeError(`${name}: must be an integer of at least 1, got ${value}`);
  }
  return value;
}

function positive(name        , ms        )         {
  if (typeof ms !== 'number' || !(ms > 0 && ms <= MAX_TIMER_MS)) {
    throw new TypeError(`${name}: must be milliseconds, more than 0 and at most ${MAX_TIMER_MS}, got ${ms}`);
  }
  return ms;
}

/**
 * The address that events are posted to, and what stands for its name and
 * password in the header: fetch takes none with them. No message repeats it.
 */
function readURL(base        )                                      {
  if (!/^https?:\/\//i.test(base)) {
    throw new TypeError('exporter url: must begin with http:// or https://');
  }
  let url     ;
  let userinfo          ;
  try {
    url = new URL(base);
    userinfo = [url.username, url.password].map(decodeURIComponent);
  } catch {
    throw new TypeError(
      'exporter url: is none; in a name or a password what has a meaning in a url must be %-escaped',
    );
  }
  if (url.search || url.hash) {
    throw new TypeError('exporter url: must have no query and no fragment');
  }
  const bytes = new TextEncoder().encode(userinfo.join(':'));
  return {
    endpoint: url.origin + url.pathname.replace(/\/+$/, '') + EVENTS_PATH,
    basic: url.username || url.password ? `Basic ${btoa(String.fromCharCode(...bytes))}` : '',
  };
}

/** Tells an answer that accounts for each event from a failure, and a temporary failure from a final one. */
function judge(status        , retryAfter        , text        , events        )          {
  const answer = readAnswer(text);
  const first = answer?.errors[0];
  const message = `${status}: ${first ? named(first) : text.slice(0, 300).replace(/\s+/g, ' ')}`;
  if (status === 200 || status === 207 || status === 400) {
    if (answer && accountsFor(answer, events)) {
      return { kind: 'answer', answer };
    }
    return { kind: 'final', message: `answer does not account for the ${events} events: ${message}` };
  }
  if (status === 413) {
    return { kind: 'too large', message };
  }
  if (status === 429 || status >= 500) {
    const after = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0;
    return { kind: 'temporary', message, afterMs: Math.min(after, MAX_RETRY_AFTER_MS) };
  }
  return { kind: 'final', message };
}

function readAnswer(text        )                     {
  try {
    const answer = JSON.parse(text);
    return Array.isArray(answer?.errors) ? answer : undefined;
  } catch {
    return undefined;
  }
}

function accountsFor({ accepted, duplicates, rejected, errors }        , events        )          {
  return accepted + duplicates + rejected === events && errors.length === rejected &&
    errors.every((e) => e.index >= 0 && e.index < events);
}

function named(error                                    )         {
  return error.field ? `${error.field}: ${error.message}` : error.message;
}

/** JSON would make null of what is no finite number, and say nothing. */
function plainNumber(key        , value         )          {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`${key} is ${value}`);
  }
  return value;
}

/** fetch keeps why it failed in the error's cause. */
function words(error         )         {
  const { message, cause } = error                                                                     ;
  return [message ?? String(error), cause?.message || cause?.code].filter(Boolean).join(': ');
}

/** A timer that keeps no program alive, where there is such a thing. */
function unref(timer                               )                                {
  (timer                          ).unref?.();
  return timer;
}
// Made from support_client.ts by build.js, sha256 8ab630deecd2e191bce5048ddf436c26c234ddff6fabf31dea22aa23146c40d0
