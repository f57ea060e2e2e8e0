// Records the conversations of a file through SupportClient.
//
//   node examples/typescript/push_conversations.js examples/events/conversations50.ndjson

import { readFileSync } from 'node:fs';
import { SupportClient } from './support_client.js';
import type { SupportEvent } from './support_client.js';

const client = new SupportClient();
for (const path of process.argv.slice(2)) {
  for (const line of readFileSync(path, 'utf8').split('\n').filter(Boolean)) {
    const { id: _, ...facts }: SupportEvent = JSON.parse(line); // the client gives an id of its own
    client.record(facts);
  }
}
await client.close(60_000);
console.log(JSON.stringify(client.stats));
process.exitCode = client.stats.rejected + client.stats.dropped > 0 ? 1 : 0;
