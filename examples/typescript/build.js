// Writes the .js of each .ts in this folder: the same text with the types blanked
// out, so that every line and column stays where it is. It takes Node 22.13 or
// later, whose own eraser this is; the result runs on Node 20. The last line of a
// .js names the SHA-256 of the .ts it was made from, and a test compares it.
//
//   node build.js

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts'))) {
  const path = `${import.meta.dirname}/${file}`;
  const source = readFileSync(path, 'utf8');
  const erased = nodeModule.stripTypeScriptTypes(source).replace(/[ \t]+$/gm, '');
  const hash = createHash('sha256').update(source).digest('hex');
  writeFileSync(path.replace(/\.ts$/, '.js'), `${erased}// Made from ${file} by build.js, sha256 ${hash}\n`);
}
