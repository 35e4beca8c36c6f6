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

/** Loads, then shows: with a state for each way that can go. Gives a box and fills it. */
export const loading = (load, show, { rows = 3 } = {}) => {
  const box = el('div', { class: 'async' });
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
      box.replaceChildren(...[show(await load())].flat(Infinity).filter(Boolean));
    } catch (error) {
      if (error.name !== 'AbortError') box.replaceChildren(failure(error, run));
    } finally {
      box.removeAttribute('aria-busy');
    }
  };
  box.reload = run;
  run();
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
  el('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: '0' }, content);

const compare = (a, b) =>
  a === b ? 0 : a === null || a === undefined ? 1 : b === null || b === undefined ? -1 : a < b ? -1 : 1;

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
  let state = { index: -1, down: false };
  const fill = list =>
    body.replaceChildren(
      ...list.map(row =>
        el(
          'tr',
          null,
          columns.map((column, index) =>
            el(index ? 'td' : 'th', { scope: index ? null : 'row', class: column.num && 'num' }, column.cell(row)),
          ),
        ),
      ),
    );
  const order = (index, down = state.index === index ? !state.down : Boolean(columns[index].num)) => {
    state = { index, down };
    heads.forEach((head, each) =>
      each === index
        ? head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
        : head.removeAttribute('aria-sort'),
    );
    const sorted = rows.map(row => [columns[index].key(row), row]).sort(([a], [b]) => compare(a, b));
    fill((down ? sorted.reverse() : sorted).map(([, row]) => row));
  };
  fill(rows);
  const first = columns.findIndex(column => column.head === sort?.replace(/^-/, ''));
  if (first >= 0) order(first, sort.startsWith('-'));
  return scroller(label, el('table', null, el('thead', null, el('tr', null, heads)), body));
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
