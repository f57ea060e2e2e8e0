// Which variant of an experiment does a conversation get? In JavaScript, as the exporter answers it.
//
//     node assign.mjs assignments.json
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** weights: {variant: weight} */
export function variant(experiment, salt, weights, conversationID) {
  const digest = createHash("sha256").update(`${salt}\0${experiment}\0${conversationID}`, "utf8").digest();
  const point = Number(digest.readBigUInt64BE() >> 11n) / 2 ** 53;
  const order = Object.keys(weights).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  let total = 0;
  const ends = order.map((name) => (total += weights[name]));
  return order.find((_, i) => point * total < ends[i]) ?? order.at(-1);
}

if (process.argv.length !== 3) {
  console.error("usage: node assign.mjs assignments.json");
  process.exit(2);
}
let checked = 0;
let wrong = 0;
for (const x of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  for (const a of x.assignments) {
    const got = variant(x.experiment, x.salt, x.weights, a.conversation_id);
    checked++;
    if (got !== a.variant) {
      wrong++;
      console.log(`${x.experiment}, ${a.conversation_id}: got ${got}, want ${a.variant}`);
    }
  }
}
console.log(`${checked} assignments, ${wrong} wrong`);
process.exit(wrong > 0 || checked === 0 ? 1 : 0);
