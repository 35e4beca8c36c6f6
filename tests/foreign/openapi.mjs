// Reads an indexer's description of itself, and whether it answers so. Says what it found as one line of JSON.
//   node openapi.mjs URL

import { validate } from '@readme/openapi-parser';
import Ajv2020 from 'ajv/dist/2020.js';

const NAME = 'document';
const ROWS = 500;
/** By their bits, the lowest first. */
const ROLES = ['relay', 'agent', 'archive', 'witness', 'validator', 'creator', 'compute'];

const [base] = process.argv.slice(2);
const problems = [];
let answered = 0;

const get = async path => {
  const answer = await fetch(`${base}${path}`);
  return { status: answer.status, body: await answer.json() };
};

const { body: described } = await get('/openapi.json');
const valid = await validate(structuredClone(described));
if (!valid.valid) problems.push(...valid.errors.map(error => error.message));

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(described, NAME);

const pointer = parts =>
  parts.map(part => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');

/** What of an answer is not as the part of the document says that `parts` lead to. */
const check = (what, parts, answer) => {
  const fits = ajv.compile({ $ref: `${NAME}#${pointer(parts)}` });
  if (!fits(answer)) problems.push(`${what}: ${ajv.errorsText(fits.errors.slice(0, 3))}`);
};

const ask = async (path, described) => {
  const { status, body } = await get(path);
  answered += 1;
  if (status !== 200) problems.push(`${path}: ${status} ${JSON.stringify(body)}`);
  else check(path, ['paths', described, 'get', 'responses', '200', 'content', 'application/json', 'schema'], body);
  return body;
};

const parametersOf = path =>
  (described.paths[path].get.parameters ?? []).filter(each => each.in === 'path').map(each => each.name);

/** What a part of a key is: roles are bits there. */
const bits = value => (Array.isArray(value) ? value.reduce((all, role) => all | (1 << ROLES.indexOf(role)), 0) : value);

/** A record's own path, if it has all that is in it; `number1` is what its name has numbers of. */
const pathOf = (path, record) => {
  const number = bits(record.role ?? record.class ?? record.length);
  const names = parametersOf(path);
  if (names.includes('name') && (number === undefined) === names.includes('number1')) return null;
  const values = names.map(name => [name, name === 'number1' ? number : bits(record[name])]);
  if (values.some(([, value]) => value === undefined)) return null;
  return values.reduce((text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)), path);
};

const tables = (await ask('/v1', '/v1')).map(table => table.name);
for (const path of ['/v1/contracts', '/v1/status', '/health', '/ready', '/v1/draws']) await ask(path, path);

const events = await ask(`/v1/events?limit=${ROWS}`, '/v1/events');
for (const event of events.rows.filter(each => each.event)) {
  const name = `${event.contract}.${event.event}`;
  check(`an event ${name}`, ['components', 'schemas', name], event.fields);
  const known = Object.keys(described.components.schemas[name].properties);
  const unknown = Object.keys(event.fields).filter(field => !known.includes(field));
  if (unknown.length) problems.push(`an event ${name} has ${unknown}, which is not described`);
}

let records = 0;
for (const table of tables) {
  const { rows } = await ask(`/v1/${table}?limit=${ROWS}`, `/v1/${table}`);
  const known = Object.keys(described.components.schemas[table].properties);
  for (const { record } of rows.filter(row => row.record)) {
    const unknown = Object.keys(record).filter(field => !known.includes(field));
    if (unknown.length) problems.push(`a record of ${table} has ${unknown}, which is not described`);
    records += 1;
  }
  const { record } = rows.find(row => row.record) ?? {};
  if (!record) continue;
  const paths = Object.keys(described.paths).filter(path => path.match(`^/v1/(history/)?${table}/[^/]`));
  for (const path of paths.filter(each => !each.endsWith('/check'))) {
    const own = pathOf(path, record);
    if (own) await ask(own, path);
  }
  if (table === 'routes') {
    const own = `/v1/routes/${rows[0].record.update?.wallet ?? rows[0].record.wallet}/check`;
    await ask(own, '/v1/routes/{wallet}/check');
  }
}

console.log(JSON.stringify({ problems, answered, records, events: events.rows.length, tables: tables.length }));
