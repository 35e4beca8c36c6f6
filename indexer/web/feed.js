// Events: lists of them, the live feed, and what one block did.

import { get, stream } from './api.js';
import { label, show } from './fields.js';
import * as as from './format.js';
import { badge, el, empty, failure, heading, loading, section, store } from './lib.js';

/** The fields that say what an event is about come first. */
const FIRST = [
  'label',
  'name',
  'description',
  'note',
  'order',
  'chain',
  'node',
  'id',
  'proposalId',
  'from',
  'to',
  'value',
  'amount',
];
const byWeight = ([a], [b]) => (FIRST.indexOf(a) + 1 || 99) - (FIRST.indexOf(b) + 1 || 99);
const FEW = 5;

const pair =
  scope =>
  ([name, value]) =>
    el('div', null, el('dt', null, label(name)), el('dd', null, show(scope, name, value)));

const details = event => {
  if (!event.fields)
    return el('p', { class: 'dim' }, `An event that this index does not know, ${event.topics.length} topics.`);
  const pairs = Object.entries(event.fields).sort(byWeight);
  const simple = pairs.filter(
    ([name, value]) => typeof value !== 'object' || ['role', 'roles', 'nodes'].includes(name),
  );
  const [first, rest] = [simple.slice(0, FEW), pairs.filter(each => !simple.slice(0, FEW).includes(each))];
  return [
    el('dl', { class: 'inline' }, first.map(pair(event.contract))),
    rest.length > 0 &&
      el(
        'details',
        null,
        el('summary', null, `${rest.length} more`),
        el('dl', { class: 'inline' }, rest.map(pair(event.contract))),
      ),
  ];
};

const placeOf = event => `${event.block}-${event.log}`;
export const identity = event => `${placeOf(event)} ${event.transaction}`;

/** One event. */
export const eventItem = event =>
  el(
    'li',
    { class: 'event', 'data-key': identity(event) },
    el(
      'p',
      { class: 'event-head' },
      el('strong', null, event.event ? label(event.event) : 'Unknown'),
      el('span', { class: 'dim' }, event.contract ?? as.wallet(event.address)),
      el('span', { class: 'event-where' }, as.time(event.time), ' · block ', as.block(event.block)),
    ),
    details(event),
  );

export const eventList = events => el('ol', { class: 'events' }, events.map(eventItem));

/** Whether a place, [block, log], comes before another. */
const isBefore = ([block, log], [otherBlock, otherLog]) =>
  block < otherBlock || (block === otherBlock && log < otherLog);

/**
 * A list in the order of the chain, the newest on top. It knows what was taken back: when the chain is reorganized, all
 * above a block is in doubt, and what is not told again stays marked.
 */
class Feed {
  /**
   * `read` gives the newest events, or the newest before a place, newest first; `announce` hears of each new one, `missed`
   * of each while paused.
   */
  constructor({ most, read, announce = () => {}, missed = () => {} }) {
    Object.assign(this, { most, read, announce, missed, paused: false, count: 0 });
    this.list = el('ol', { class: 'events live' });
    this.rest = el(
      'p',
      { hidden: true },
      el('button', { type: 'button', click: () => this.older() }, 'Show older ones'),
    );
    this.shown = new Map();
  }

  insert(item, place) {
    item.place = place;
    this.list.insertBefore(item, [...this.list.children].find(other => isBefore(other.place, place)) ?? null);
  }

  add(event, fresh = true) {
    if (this.paused) {
      this.count += 1;
      this.missed(this.count);
      return;
    }
    this.show(event, fresh);
    if (fresh) this.announce(event);
  }

  show(event, fresh) {
    const known = this.shown.get(identity(event));
    if (known) {
      known.classList.remove('taken');
      known.querySelector('.badge.taken-back')?.remove();
      return;
    }
    const item = eventItem(event);
    item.classList.toggle('fresh', fresh);
    this.shown.set(identity(event), item);
    this.insert(item, [event.block, event.log]);
    while (this.list.childElementCount > this.most) this.drop(this.list.lastElementChild);
  }

  /** Reads on below what is shown. */
  async older() {
    this.rest.querySelector('.failure')?.remove();
    // Between events there are remarks.
    const last = [...this.list.children].findLast(item => item.dataset.key);
    try {
      const page = await this.read(last?.place.join('-'));
      this.most += page.rows.length;
      page.rows.forEach(event => this.show(event, false));
      this.rest.hidden = !page.next;
    } catch (error) {
      if (error.name !== 'AbortError') this.rest.append(failure(error));
    }
  }

  drop(item) {
    item.remove();
    this.rest.hidden = false;
    for (const [key, each] of this.shown) if (each === item) this.shown.delete(key);
  }

  takeBack(isGone) {
    for (const [key, item] of this.shown) {
      if (item.classList.contains('taken') || !isGone(item.place, key)) continue;
      item.classList.add('taken');
      item.querySelector('.event-head').prepend(badge('taken back', 'bad taken-back'));
    }
  }

  reorganize(block) {
    if (this.paused) return;
    this.takeBack(([own]) => own > block);
    this.insert(
      el(
        'li',
        { class: 'event break' },
        `The chain was reorganized: all after block ${as.count(block)} is told again. What stays marked did not happen.`,
      ),
      [block, Infinity],
    );
  }

  /** After a pause or a broken line: what is new, and what is gone of what is shown. */
  async catchUp() {
    // What comes while this reads is newer than what it reads: it is not gone.
    const before = new Set(this.shown.keys());
    const { rows: news, next } = await this.read();
    if (!news.length) return;
    const [there, oldest] = [new Set(news.map(identity)), news.at(-1)];
    this.takeBack(([block], key) => before.has(key) && !there.has(key) && (!next || block > oldest.block));
    const first = this.list.firstElementChild?.place;
    if (next && first && isBefore(first, [oldest.block, oldest.log])) {
      this.insert(el('li', { class: 'event dim' }, 'More happened in between than is shown.'), [
        oldest.block,
        oldest.log - 0.5,
      ]);
    }
    news.toReversed().forEach(event => this.add(event));
  }

  pause(paused) {
    Object.assign(this, { paused, count: 0 });
    if (!paused) this.catchUp().catch(() => {}); // The stream goes on in any case.
  }
}

/** A feed without a button of its own stands still when the page does. */
const obeyPause = (feed, signal) => {
  const obey = () => feed.paused !== store.paused && feed.pause(store.paused);
  store.subscribe(obey, signal);
  obey();
};

/**
 * The newest events, kept current. Gives the list's element in a box, and the feed to be paused. If it is to be `whole`,
 * older events can be had.
 */
export const live = (parameters, { most, signal, whole = false, state = () => {}, ...hooks }) => {
  const read = after => get('/v1/events', { ...parameters, limit: Math.min(most, 50), after }, signal);
  const feed = new Feed({ most, read, ...hooks });
  let lost = false;
  const tell = (what, data) => {
    if (what === 'reorganized') return feed.reorganize(data.after_block);
    // While the line was broken nobody told of a reorganization.
    if (what === 'live' && lost) feed.catchUp().catch(() => {});
    lost = what === 'lost';
    return state(what);
  };
  const box = loading(
    () => read(),
    ({ rows, next }) => {
      rows.toReversed().forEach(event => feed.add(event, false));
      feed.rest.hidden = !next;
      stream(parameters, {
        after: rows.length ? placeOf(rows[0]) : '0-0',
        event: event => feed.add(event),
        tell,
        signal,
      });
      if (!whole) obeyPause(feed, signal);
      return [
        feed.list,
        el('div', { class: 'empty when-alone' }, 'Events appear here as blocks bring them.'),
        whole && feed.rest,
      ];
    },
    { rows: 8 },
  );
  return { box, feed };
};

const STATES = { live: ['live', 'good'], lost: ['connecting again…', 'hollow'], start: ['connecting…', 'hollow'] };

/** Says in one sentence what came, not more often than somebody can listen. */
const announcer = (region, signal) => {
  let news = [];
  const timer = setInterval(() => {
    if (!news.length) return;
    region.textContent =
      news.length === 1
        ? `New: ${label(news[0].event ?? 'event')}, block ${news[0].block}`
        : `${news.length} new events, the last: ${label(news.at(-1).event ?? 'event')}`;
    news = [];
  }, 4000);
  signal.addEventListener('abort', () => clearInterval(timer));
  return event => news.push(event);
};

const FILTERS = [
  ['contract', 'Contract', 'like Cash'],
  ['event', 'Event', 'like NoteTaken'],
  ['mentions', 'Mentions', 'an address, hash or number'],
];

export const filterForm = (query, base, fields) =>
  el(
    'form',
    {
      class: 'filters',
      submit: submitted => {
        submitted.preventDefault();
        const given = [...new FormData(submitted.target)].filter(([, value]) => value.trim());
        location.hash = `${base}${given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, value.trim()]))}` : ''}`;
      },
    },
    fields.map(([name, title, hint]) =>
      el(
        'label',
        null,
        el('span', null, title),
        el('input', {
          name,
          placeholder: hint,
          value: query.get(name),
          autocomplete: 'off',
          autocapitalize: 'none',
          spellcheck: 'false',
        }),
      ),
    ),
    el('button', { type: 'submit' }, 'Show'),
    [...query].length > 0 && el('a', { class: 'button', href: base }, 'Show all'),
  );

export default ({ query, signal }) => {
  const parameters = Object.fromEntries(FILTERS.map(([name]) => [name, query.get(name)]));
  const region = el('p', { class: 'hidden', role: 'status', 'aria-live': 'polite' });
  const light = el('span', { class: 'badge' });
  const tell = what => {
    const [text, kind] = STATES[what];
    light.textContent = text;
    light.className = `badge ${kind}`;
  };
  tell('start');
  const button = el('button', { type: 'button', 'aria-pressed': 'false' }, 'Pause');
  const { box, feed } = live(parameters, {
    most: 300,
    signal,
    whole: true,
    state: tell,
    announce: announcer(region, signal),
    missed: count => (button.textContent = `Go on (${as.count(count)} new)`),
  });
  button.addEventListener('click', () => {
    feed.pause(!feed.paused);
    button.setAttribute('aria-pressed', feed.paused);
    button.textContent = feed.paused ? 'Go on' : 'Pause';
  });
  return [
    heading(
      'Feed',
      'What the contracts say, as blocks bring it, newest first. A reorganization of the chain can take events back: they are marked.',
    ),
    el('div', { class: 'row' }, light, button),
    filterForm(query, '#/feed', FILTERS),
    region,
    box,
  ];
};

/** What one block did. */
const blockEvents = async (number, signal) => {
  const found = [];
  for (let after = null; ;) {
    const page = await get('/v1/events', { block: number, order: 'asc', limit: 500, after }, signal);
    found.push(...page.rows);
    after = page.next;
    if (!after) return found;
  }
};

export const block = ({ parts: [text], signal }) => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0)
    return [heading('Block'), failure(new Error(`“${text}” is not the number of a block.`))];
  const byTransaction = events => Object.values(Object.groupBy(events, event => event.transaction));
  return [
    heading(`Block ${as.count(number)}`),
    el(
      'p',
      { class: 'row' },
      number > 0 && el('a', { class: 'button', href: `#/block/${number - 1}` }, '← Block before'),
      el('a', { class: 'button', href: `#/block/${number + 1}` }, 'Block after →'),
      el('a', { href: `#/tables?block=${number}` }, 'Tables as of this block'),
      el('a', { href: `#/node/${number}` }, `Node ${number}`),
      el('a', { href: `#/note/${number}` }, `Note ${number}`),
    ),
    loading(
      () => (number > (store.status?.block ?? Infinity) ? null : blockEvents(number, signal)),
      events =>
        !events
          ? empty('The tables do not show this block yet.')
          : events.length === 0
            ? empty('No contract that is followed here said anything in this block.')
            : [
                el(
                  'p',
                  { class: 'dim' },
                  as.time(events[0].time),
                  ` · ${as.count(events.length)} ${events.length === 1 ? 'event' : 'events'}`,
                ),
                byTransaction(events).map(each =>
                  section(['Transaction ', as.hash(each[0].transaction)], eventList(each)),
                ),
              ],
    ),
  ];
};
