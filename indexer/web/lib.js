// Elements, and the few pieces that all views are built from.

import { ApiError } from './api.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Sets what an element has. Functions are listeners; null, undefined and false are left out. */
const dress = (node, attrs, children) => {
  for (const [name, value] of Object.entries(attrs ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return node;
};

/** An element. Text becomes text nodes, never markup: what a chain says cannot become a program. */
export const el = (tag, attrs, ...children) => dress(document.createElement(tag), attrs, children);
export const svg = (tag, attrs, ...children) => dress(document.createElementNS(SVG, tag), attrs, children);

/** What several parts of the page know together. */
export const store = {
  status: null,
  paused: false,
  listeners: new Set(),
  set(news) {
    Object.assign(this, news);
    this.listeners.forEach(listener => listener());
  },
  subscribe(listener, signal) {
    this.listeners.add(listener);
    signal?.addEventListener('abort', () => this.listeners.delete(listener));
  },
  /** The chain's time, unix seconds: where a vote is depends on it, not on this computer's clock. */
  now() {
    return this.status?.time ?? Date.now() / 1000;
  },
};

/** Parts that read for themselves what is in them, or say what a reader points at. */
const OWN = '.async, .map-says';
/** Parts whose listeners know what they show: they change as wholes. */
const WHOLE = '.long, .curve';

/** By what a part is known again among its neighbours: a name that it has, where it leads, or what heads it. */
const nameOf = node => {
  if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeName;
  const own = node.dataset.key ?? node.getAttribute('href');
  const head = own ?? node.querySelector(':scope > :is(th, dt, h2, h3, a)')?.textContent ?? '';
  return `${node.nodeName} ${node.classList[0]} ${head}`;
};

const dressAnew = (old, next) => {
  for (const { name } of [...old.attributes]) {
    // What is folded open, a reader opened.
    if (!next.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) === value) continue;
    // The page's policy allows no attribute with a style.
    if (name === 'style') old.style.cssText = value;
    else old.setAttribute(name, value);
  }
};

const exchange = (old, next) => {
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(next);
  if (hadFocus) next.querySelector('a, button, [tabindex]')?.focus({ preventScroll: true });
};

/** Lets a part show what another one of its name does. */
const become = (old, next) => {
  if (old.isEqualNode(next)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) old.data = next.data;
  else if (old.adopt) old.adopt(next);
  else if (old.matches(WHOLE)) exchange(old, next);
  else if (!old.matches(OWN)) {
    dressAnew(old, next);
    arrange(old, [...next.childNodes]);
  }
};

const arrange = (box, children) => {
  const known = Map.groupBy(box.childNodes, nameOf);
  const pairs = children.map(child => [known.get(nameOf(child))?.shift(), child]);
  for (const gone of known.values()) gone.forEach(each => each.remove());
  let place = box.firstChild;
  for (const [old, child] of pairs) {
    if (old && old === place) place = place.nextSibling;
    else box.insertBefore(old ?? child, place);
    if (old) become(old, child);
  }
};

/** Gives the focus back to what had it and was moved, or to what is around it, if it is gone. */
const focusAgain = around => {
  if (document.activeElement === around[0]) return;
  around
    .find(each => each.isConnected && each.matches('a, button, input, summary, [tabindex]'))
    ?.focus({ preventScroll: true });
};

/**
 * Shows something anew in place. What did not change stays as it is: where the reader is, what has the focus, what is
 * folded open, how tables are sorted.
 */
const refill = (box, ...children) => {
  const around = [];
  for (let each = document.activeElement; each; each = each.parentElement) around.push(each);
  arrange(box, children.flat(Infinity).filter(Boolean));
  if (document.activeElement === document.body) focusAgain(around);
};

/** So much longer than reading took, a box rests until it reads again, but no longer than so. */
const REST = 5;
const REST_MOST_MS = 3_000;
/** A box that still loads is looked at again after so long. */
const LOADS_MS = 250;
/** What failed is tried again after so long. */
const FAILED_MS = 5_000;

/** Reads again when the chain has gone on. What fails is tried again; until then the old is better than nothing. */
const follow = (box, read, signal) => {
  let [seen, rested, timer] = [store.status?.hash, 0, 0];
  const later = wait => {
    clearTimeout(timer);
    if (!signal.aborted && Number.isFinite(wait)) timer = setTimeout(look, wait);
  };
  const look = async () => {
    const hash = store.status?.hash;
    if (hash === seen || store.paused || !box.isConnected) return;
    if (box.hasAttribute('aria-busy')) return later(LOADS_MS);
    // Nobody says again what is not looked at now.
    if (Date.now() < rested) return later(rested - Date.now());
    const began = Date.now();
    let least = LOADS_MS;
    // Once at a time.
    rested = Infinity;
    try {
      await read();
      seen = hash;
    } catch (error) {
      least = FAILED_MS;
      if (!(error instanceof ApiError) && error.name !== 'AbortError') console.error(error);
    } finally {
      const rest = Math.max(Math.min(REST * (Date.now() - began), REST_MOST_MS), least);
      rested = Date.now() + rest;
      later(rest);
    }
  };
  store.subscribe(look, signal);
  signal.addEventListener('abort', () => clearTimeout(timer));
};

const asText = data => JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? String(value) : value));

/**
 * Loads, then shows: with a state for each way that can go. Gives a box and fills it. With `live`, the signal of its
 * view, it shows what changes as well, for as long as the view is there.
 */
export const loading = (load, show, { rows = 3, live = null } = {}) => {
  const box = el('div', { class: 'async' });
  let shown = null;
  const read = async () => {
    const data = await load();
    const text = asText(data);
    if (text === shown) return;
    refill(box, show(data));
    shown = text;
  };
  const run = async () => {
    if (!box.childElementCount) {
      box.append(
        el(
          'div',
          { class: 'skeleton', role: 'status', 'aria-label': 'Loading' },
          Array.from({ length: rows }, () => el('span')),
        ),
      );
    }
    box.setAttribute('aria-busy', 'true');
    try {
      await read();
    } catch (error) {
      if (error.name !== 'AbortError') box.replaceChildren(failure(error, run));
    } finally {
      box.removeAttribute('aria-busy');
    }
  };
  // A box that is made only to see what changed in another one is never shown, and need not read.
  queueMicrotask(() => {
    if (!box.isConnected) return;
    run();
    if (live) follow(box, read, live);
  });
  return box;
};

/** What went wrong, in the API's own words. */
export const failure = (error, retry) => {
  if (!(error instanceof ApiError)) console.error(error);
  return el(
    'div',
    { class: 'failure', role: 'alert' },
    el(
      'p',
      null,
      el('strong', null, error.status ? `The API says no (${error.status}). ` : 'This did not work. '),
      error.message,
    ),
    retry && el('button', { type: 'button', click: retry }, 'Try again'),
  );
};

export const empty = text => el('p', { class: 'empty' }, text);

/** A part of a view under a heading. */
export const section = (title, ...content) => el('section', null, el('h2', null, title), content);

export const heading = (title, ...lead) =>
  el(
    'header',
    { class: 'head' },
    el('h1', { tabindex: '-1' }, title),
    lead.length > 0 && el('p', { class: 'lead' }, lead),
  );

/** Names and values. Values that are null are left out. */
export const facts = pairs =>
  el(
    'dl',
    { class: 'facts' },
    pairs
      .filter(pair => pair && pair[1] !== null && pair[1] !== undefined)
      .map(([name, ...value]) => el('div', null, el('dt', null, name), el('dd', null, value))),
  );

/** Big numbers with their names. */
export const tiles = items =>
  el(
    'dl',
    { class: 'tiles' },
    items.filter(Boolean).map(({ name, value, more, href }) => {
      const inner = [
        el('dt', null, href && href !== location.hash ? el('a', { href }, name) : name),
        el('dd', null, value),
      ];
      return el('div', { class: 'tile' }, inner, more && el('dd', { class: 'more' }, more));
    }),
  );

export const badge = (text, kind = '') => el('span', { class: `badge ${kind}` }, text);

/** A button that copies. It says so to those who do not see it change, too. */
export const copyButton = (text, what) => {
  const button = el('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${what}`, title: `Copy ${what}` });
  button.addEventListener('click', async event => {
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(text);
      button.classList.add('done');
      button.setAttribute('aria-label', 'Copied');
    } catch {
      button.setAttribute('aria-label', 'Copying is not allowed here');
    }
    setTimeout(() => {
      button.classList.remove('done');
      button.setAttribute('aria-label', `Copy ${what}`);
    }, 1500);
  });
  return button;
};

/** Lets what is wide scroll in its own box, by keyboard as well. */
export const scroller = (label, ...content) =>
  el('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: '0', 'data-key': label }, content);

const compare = (a, b) =>
  a === b ? 0 : a === null || a === undefined ? 1 : b === null || b === undefined ? -1 : a < b ? -1 : 1;

const inOrder = ({ columns, rows }, { index, down }) => {
  if (index < 0) return rows;
  const sorted = rows
    .map(row => [columns[index].key(row), row])
    .sort(([a], [b]) => compare(a, b))
    .map(([, row]) => row);
  return down ? sorted.reverse() : sorted;
};

const tableRow = (columns, row) =>
  el(
    'tr',
    null,
    columns.map((column, index) =>
      el(index ? 'td' : 'th', { scope: index ? null : 'row', class: column.num && 'num' }, column.cell(row)),
    ),
  );

const headsOf = ({ columns }) => columns.map(column => column.head).join();

/**
 * A table. A column has `head`, `cell(row)`, and if it can be sorted `key(row)`; `num` puts numbers to the right.
 * `sort` is the column that sorts at first, with a minus before it the other way round.
 */
export const table = (label, columns, rows, { sort = null } = {}) => {
  const body = el('tbody');
  const heads = columns.map((column, index) => {
    const button = column.key && el('button', { type: 'button', click: () => order(index) }, column.head);
    return el('th', { scope: 'col', class: column.num && 'num' }, button || column.head);
  });
  const box = scroller(label, el('table', null, el('thead', null, el('tr', null, heads)), body));
  let state = { index: -1, down: false };
  const fill = () =>
    refill(
      body,
      inOrder(box.given, state).map(row => tableRow(box.given.columns, row)),
    );
  const order = (index, down = state.index === index ? !state.down : Boolean(columns[index].num)) => {
    state = { index, down };
    heads.forEach((head, each) =>
      each === index
        ? head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
        : head.removeAttribute('aria-sort'),
    );
    fill();
  };
  box.given = { columns, rows };
  box.adopt = next => {
    if (headsOf(next.given) !== headsOf(box.given)) return exchange(box, next);
    box.given = next.given;
    return fill();
  };
  const first = columns.findIndex(column => column.head === sort?.replace(/^-/, ''));
  if (first >= 0) order(first, sort.startsWith('-'));
  else fill();
  return box;
};

/** What a list leaves out, and the way to it. */
const further = ({ rows }, first, click) =>
  el(
    'p',
    { class: 'row dim' },
    el('span', { role: 'status' }, `Only the ${first} ${rows.length.toLocaleString('en')} are here.`),
    el('button', { type: 'button', click }, 'Show more'),
  );

/**
 * A list as `show(rows, list)` has it, or `nothing` if it has no row. What it leaves out it says, and reads when asked;
 * `first` says which rows come first.
 */
export const listed = (list, show, { nothing = 'Nothing yet.', first = 'first' } = {}) => {
  const box = el('div', { class: 'listed', tabindex: '-1' });
  const fill = () =>
    refill(
      box,
      box.given.list.rows.length ? box.given.show(box.given.list.rows, box.given.list) : empty(nothing),
      box.given.list.next && further(box.given.list, first, more),
    );
  const more = async () => {
    box.querySelector(':scope > .failure')?.remove();
    try {
      box.adopt({ given: { ...box.given, list: await box.given.list.more() } });
    } catch (error) {
      if (error.name !== 'AbortError') box.append(failure(error));
    }
  };
  box.given = { list, show };
  box.adopt = next => {
    box.given = next.given;
    fill();
  };
  fill();
  return box;
};

/** A part of a whole, as a bar. `parts` are [share from 0 to 1, class]. */
export const bar = (label, parts, mark = null) => {
  const line = el('div', { class: 'bar', role: 'img', 'aria-label': label });
  for (const [share, kind] of parts) {
    const part = el('span', { class: kind });
    part.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
    line.append(part);
  }
  if (mark !== null && mark <= 1) {
    const tick = el('i', { class: 'mark' });
    tick.style.left = `${mark * 100}%`;
    line.append(tick);
  }
  return line;
};
