// Reads a JSON schema on stdin, writes TypeScript interfaces of its $defs on stdout.
import { readFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';

const schema = JSON.parse(readFileSync(0, 'utf-8'));
const text = await compile(schema, 'Api', {
  bannerComment: '',
  unreachableDefinitions: true,
  additionalProperties: false,
  style: { singleQuote: true, trailingComma: 'none', arrowParens: 'avoid' }
});
// The root object only carries the definitions.
process.stdout.write(
  text
    .replace(/^.*?export (interface|type) Api\b[^}]*}\n*/s, '')
    .replace(/(\n \*)?\n \* This interface was referenced by .*\n \* via the `definition` .*/g, '')
    .replace(/^}\n\/\*\*/gm, '}\n\n/**')
);
