// Every table as it is, with every record and what it was.

import { get, list, maybe, path } from './api.js';
import { filterForm } from './feed.js';
import { label, show } from './fields.js';
import * as as from './format.js';
import { el, empty, heading, listed, loading, section, table } from './lib.js';

const ROWS = 50;

/** Which of several a parameter is, is part of its key, though the table does not say so. */
const MORE = { parameters: ['role', 'class', 'length'] };

/** A record's key. Roles are a number there; a part that is no field is a word that always stands. */
const keyOf = (about, record) =>
  [...about.key, ...(MORE[about.name] ?? []).filter(part => part in record)]
    .map(part => (part === 'role' ? as.roleBits(record.role) : (record[part] ?? part)))
    .map(String);

const recordHash = (about, record, block) =>
  path(`#/tables/${about.name}/${keyOf(about, record).map(encodeURIComponent).join('/')}`, { block });

const json = (base, parameters) =>
  el('a', { href: path(base, parameters), target: '_blank', rel: 'noopener' }, 'as JSON');

const overview = (block, signal) => [
  heading(
    'Tables',
    block ? `As of block ${as.count(block)}. ` : 'All that the index keeps of the contracts’ events, as records. ',
  ),
  loading(
    () => get('/v1', {}, signal),
    all =>
      table(
        'Tables',
        [
          {
            head: 'Table',
            cell: each => el('a', { href: path(`#/tables/${each.name}`, { block }) }, each.name),
            key: each => each.name,
          },
          { head: 'What it has', cell: each => el('span', { class: 'prose' }, each.about) },
          { head: 'Key', cell: each => el('span', { class: 'mono' }, each.key.join(' / ')) },
          {
            head: 'Found by',
            cell: each =>
              each.find.length
                ? el('span', { class: 'mono' }, each.find.join(', '))
                : el('span', { class: 'dim' }, '—'),
          },
        ],
        all,
      ),
    { rows: 10 },
  ),
];

/** A cell of one record: what has an inside is shown with the record. */
const cell = (name, field, value) => {
  if (value !== null && typeof value === 'object' && !Array.isArray(value))
    return el('span', { class: 'dim' }, `${Object.keys(value).length} fields`);
  if (Array.isArray(value) && value.length > 6) return el('span', { class: 'dim' }, `${value.length} values`);
  return show(name, field, value);
};

const columns = (about, shown, block) => {
  const fields = [...new Set(shown.flatMap(row => Object.keys(row.record)))].filter(
    field => !about.key.includes(field),
  );
  const inside = field =>
    shown.some(
      ({ record }) => record[field] !== null && typeof record[field] === 'object' && !Array.isArray(record[field]),
    );
  const ordered = [...fields.filter(field => !inside(field)), ...fields.filter(inside)];
  return [
    {
      head: about.key.join(' / '),
      cell: ({ record }) => {
        const key = keyOf(about, record).join(' / ');
        return el(
          'a',
          { href: recordHash(about, record, block), title: key, class: 'mono' },
          key.length > 22 ? as.short(key) : key,
        );
      },
    },
    ...ordered.map(field => ({ head: label(field), cell: ({ record }) => cell(about.name, field, record[field]) })),
    { head: 'Holds since', num: true, cell: row => as.block(row.since) },
  ];
};

const browse = (name, query, signal) => {
  const wanted = Object.fromEntries(query);
  const block = query.get('block');
  const parameters = { limit: ROWS, ...wanted };
  const read = async () => {
    const tables = await get('/v1', {}, signal);
    return { about: tables.find(each => each.name === name), page: await get(`/v1/${name}`, parameters, signal) };
  };
  return [
    heading(name),
    loading(
      read,
      ({ about, page }) => {
        const shown = page.rows.filter(row => row.record);
        const further = page.next && path(`#/tables/${name}`, { ...wanted, after: page.next });
        const fields = [
          ...about.find.map(field => [field, label(field), 'any']),
          ['block', 'As of block', 'the newest'],
        ];
        return [
          el('p', { class: 'lead' }, about.about),
          filterForm(query, `#/tables/${name}`, fields),
          about.find.length > 1 && el('p', { class: 'dim' }, 'One field at a time, please; a block goes with any.'),
          shown.length
            ? table(name, columns(about, shown, block), shown)
            : empty(query.size ? 'No record fits.' : 'This table has no record yet.'),
          el(
            'p',
            { class: 'row' },
            query.get('after') && el('button', { type: 'button', click: () => window.history.back() }, '← Page before'),
            further && el('a', { class: 'button', href: further }, 'Next page →'),
            el(
              'a',
              {
                href: path(`#/tables/${name}`, {
                  ...wanted,
                  after: null,
                  order: query.get('order') === 'desc' ? null : 'desc',
                }),
              },
              query.get('order') === 'desc' ? 'First keys first' : 'Last keys first',
            ),
            json(`/v1/${name}`, parameters),
          ),
        ];
      },
      { rows: 10, live: block ? null : signal },
    ),
  ];
};

/** What a version of a record changed, as rows of field, now, before. */
const changes = (entry, before) => {
  const [now, was] = [entry.record ?? {}, before?.record ?? {}];
  return [...new Set([...Object.keys(now), ...Object.keys(was)])]
    .filter(field => JSON.stringify(now[field]) !== JSON.stringify(was[field]))
    .map(field => ({ field, now: now[field], was: was[field] }));
};

const version = (name, entry, before) =>
  el(
    'li',
    { class: 'event', 'data-key': entry.since },
    el(
      'p',
      { class: 'event-head' },
      el('strong', null, !entry.record ? 'Ended' : before ? 'Changed' : 'Began'),
      el('span', { class: 'event-where' }, as.time(entry.time), ' · block ', as.block(entry.since)),
    ),
    el(
      'dl',
      { class: 'inline' },
      changes(entry, before).map(({ field, now, was }) =>
        el(
          'div',
          null,
          el('dt', null, label(field)),
          el(
            'dd',
            null,
            before && was !== undefined && [el('s', null, cell(name, field, was)), ' → '],
            cell(name, field, now),
          ),
        ),
      ),
    ),
  );

const HISTORY = 50;

/** While there are older ones, the oldest here has nothing to be compared with. */
const versions = (name, rows, next) =>
  el(
    'ol',
    { class: 'events' },
    rows.slice(0, next ? -1 : undefined).map((entry, index) => version(name, entry, rows[index + 1])),
  );

const record = (name, key, query, signal) => {
  const place = key.map(encodeURIComponent).join('/');
  const block = query.get('block');
  return [
    heading([el('a', { href: `#/tables/${name}` }, name), ` ${key.join(' / ')}`]),
    filterForm(query, `#/tables/${name}/${place}`, [['block', 'As of block', 'the newest']]),
    loading(
      () => maybe(get(`/v1/${name}/${place}`, { block }, signal)),
      found => {
        if (!found?.record)
          return empty(
            block ? `There was no such record at block ${block}.` : 'There is no such record, or it has ended.',
          );
        return [
          el(
            'dl',
            { class: 'facts' },
            Object.entries(found.record).map(([field, value]) =>
              el('div', null, el('dt', null, label(field)), el('dd', null, show(name, field, value))),
            ),
          ),
          el(
            'p',
            { class: 'dim' },
            'Holds since block ',
            as.block(found.since),
            ' · ',
            json(`/v1/${name}/${place}`, { block }),
          ),
        ];
      },
      { rows: 8, live: block ? null : signal },
    ),
    section(
      'What it was',
      loading(
        () => list(`/v1/history/${name}/${place}`, {}, { most: HISTORY, of: entry => entry, signal }),
        past =>
          listed(past, (rows, { next }) => versions(name, rows, next), {
            nothing: 'Nothing is known of its past.',
            first: 'newest',
          }),
        { live: signal },
      ),
    ),
  ];
};

export default ({ parts: [name, ...key], query, signal }) =>
  !name
    ? overview(query.get('block'), signal)
    : key.length
      ? record(name, key, query, signal)
      : browse(name, query, signal);
