// Notes: private cash, and the stablecoins behind it.

import { list, one, records } from './api.js';
import { eventList } from './feed.js';
import * as as from './format.js';
import { badge, bar, el, empty, facts, heading, listed, loading, section, table, tiles } from './lib.js';
import { history, linePlot } from './plots.js';

const status = note => [
  badge(note.status, note.status === 'live' ? 'good' : note.status === 'cancelled' ? 'bad' : 'hollow'),
  note.settling && badge('settling', 'bad'),
  note.pooled && badge('pooled'),
];

const live = note =>
  el(
    'span',
    { class: 'load' },
    bar(`${as.usdText(note.live)} of ${as.usdText(note.deposit)} live`, [
      [as.share(note.live ?? 0, note.deposit ?? 0), 'accent'],
    ]),
    as.usd(note.live),
  );

export const NOTES = [
  { head: 'Note', cell: note => as.note(note.note), key: note => Number(note.note) },
  { head: 'State', cell: status, key: note => note.status },
  { head: 'Paid in', num: true, cell: note => as.usd(note.deposit), key: note => BigInt(note.deposit ?? 0) },
  { head: 'Live', num: true, cell: live, key: note => BigInt(note.live ?? 0) },
  { head: 'Owner', cell: note => as.wallet(note.owner) },
  { head: 'Kept by', cell: note => as.group(note.home ?? 0), key: note => note.home },
  { head: 'Issuer', cell: note => as.node(note.issuerNode ?? 0), key: note => Number(note.issuerNode ?? 0) },
  { head: 'Burned for it', num: true, cell: note => as.conet(note.burn), key: note => BigInt(note.burn ?? 0) },
];

export const ORDERS = [
  {
    head: 'Order',
    cell: order => el('a', { href: `#/tables/orders/${order.order}` }, order.order),
    key: order => Number(order.order),
  },
  {
    head: 'State',
    cell: order => badge(order.status, order.status === 'minted' ? 'good' : 'hollow'),
    key: order => order.status,
  },
  { head: 'Amount', num: true, cell: order => as.usd(order.amount), key: order => BigInt(order.amount ?? 0) },
  { head: 'Note', cell: order => as.note(order.note) },
  { head: 'Buyer', cell: order => as.wallet(order.buyer) },
  { head: 'Placed', cell: order => as.time(order.placed), key: order => order.placed },
];

export const backingTiles = (backing = {}) => [
  { name: 'Live in notes', value: as.usd(backing.live), more: 'stablecoins in the vault behind them' },
  { name: 'Paid in', value: as.usd(backing.deposited) },
  { name: 'Left', value: as.usd(backing.left) },
  {
    name: 'Fees',
    value: as.usd(BigInt(backing.fees ?? 0) + BigInt(backing.memberFees ?? 0)),
    more: 'exits and members',
  },
];

const money = value => as.usdText(BigInt(Math.round(value)));

/** Coins with their decimals. */
const coins = approved =>
  approved.length === 0
    ? empty('No coin is approved: no note can be bought.')
    : facts(approved.map(coin => [`${coin.decimals} decimals`, as.wallet(coin.stablecoin)]));

export default ({ signal }) => [
  heading(
    'Notes',
    'Private cash. Each note has a small chain of its own; for each dollar that is live in notes a stablecoin lies in the vault.',
  ),
  loading(
    () => one('backing', 'notes', {}, signal),
    backing => tiles(backingTiles(backing ?? {})),
    { live: signal },
  ),
  section(
    'Backing over time',
    loading(
      () => history('backing/notes', signal),
      entries =>
        linePlot({
          label: 'What lies behind all notes, US dollars',
          entries,
          unit: money,
          lines: [
            ['live', 'Live in notes', 'accent'],
            ['deposited', 'Paid in, all together', 'second'],
          ],
          nothing: 'The curve begins with the first note.',
        }),
      { rows: 6, live: signal },
    ),
  ),
  section(
    'All notes',
    loading(
      () => list('/v1/notes', { order: 'desc' }, { signal }),
      notes =>
        listed(notes, rows => table('All notes', NOTES, rows), {
          nothing: 'Notes appear here when an order is minted.',
          first: 'newest',
        }),
      { live: signal },
    ),
  ),
  section(
    'Orders',
    loading(
      () => list('/v1/orders', { order: 'desc' }, { most: 100, signal }),
      orders =>
        listed(orders, rows => table('Orders for notes', ORDERS, rows), {
          nothing: 'Orders appear here when somebody pays for a note.',
          first: 'newest',
        }),
      { live: signal },
    ),
  ),
  section(
    'Coins that notes are bought with',
    loading(() => records('stablecoins', {}, signal), coins, { live: signal }),
  ),
];

const readNote = async (id, signal) => {
  const [record, orders, chains, events] = await Promise.all([
    one('notes', id, {}, signal),
    records('orders', { note: id }, signal),
    records('chains', { note: id }, signal),
    list('/v1/events', { contract: 'Cash', mentions: id }, { most: 50, of: event => event, signal }),
  ]);
  return { record, orders, chains, events };
};

/** Another indexed number of a contract's event may be the same: a group, a series, a node. */
const isAbout =
  id =>
  ({ fields }) =>
    [fields?.note, fields?.tokenId].includes(id);

export const note = ({ parts: [id], signal }) => [
  heading(`Note ${id}`),
  loading(
    () => readNote(id, signal),
    ({ record, orders, chains, events }) => {
      if (!record && !orders.length) return empty(`There is no note ${id}.`);
      return [
        record
          ? [
              tiles([
                {
                  name: 'Live',
                  value: as.usd(record.live),
                  more: bar('Share that is live', [[as.share(record.live ?? 0, record.deposit ?? 0), 'accent']]),
                },
                { name: 'Paid in', value: as.usd(record.deposit) },
                { name: 'Left', value: as.usd(record.left) },
                { name: 'Burned for it', value: as.conet(record.burn) },
              ]),
              facts([
                ['State', status(record)],
                ['Owner', as.wallet(record.owner)],
                ['First account', as.wallet(record.account)],
                ['Kept by', as.group(record.home ?? 0)],
                ['Chain', chains.length ? chains.map(each => as.chain(each.chain)) : 'not anchored yet'],
                ['Series', record.series ?? 'none yet'],
                ['Issuer', [as.node(record.issuerNode ?? 0), ' ', as.wallet(record.issuer)]],
                ['Coin', as.wallet(record.stablecoin)],
                record.exitFeeRate !== undefined && ['Exit fee', as.rate(record.exitFeeRate)],
                ['Fees paid', as.usd(record.fees)],
                record.settlesAbove && ['Settles above height', as.count(record.settlesAbove)],
                ['Record', el('a', { href: `#/tables/notes/${id}` }, 'all of it, and what it was')],
              ]),
            ]
          : empty('It is ordered, and not minted yet.'),
        orders.length > 0 && section('Its order', table('Orders', ORDERS, orders)),
        section(
          'What happened',
          listed(events, rows => eventList(rows.filter(isAbout(id))), { first: 'newest' }),
        ),
      ];
    },
    { rows: 8, live: signal },
  ),
];
