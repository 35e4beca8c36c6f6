// What the indexer answers. The browser keeps answers and asks anew with their ETag.

import { checksummed, isAddress } from './checksum.js';

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** A path with parameters; those that are empty are left out. Records are found by addresses as they are written. */
export const path = (base, parameters = {}) => {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => [name, isAddress(value) ? checksummed(value) : value]);
  return given.length ? `${base}?${new URLSearchParams(given)}` : base;
};

/** Browsers break requests off when the machine changes networks: asked once more after so long they arrive. */
const AGAIN_MS = 400;

const ask = async (url, signal) => {
  const answer = await fetch(url, { signal });
  return { answer, text: await answer.text() };
};

export const get = async (base, parameters, signal) => {
  const url = path(base, parameters);
  let found;
  try {
    found = await ask(url, signal).catch(async error => {
      if (error.name === 'AbortError') throw error;
      await new Promise(resolve => {
        setTimeout(resolve, AGAIN_MS);
      });
      return ask(url, signal);
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The index did not answer. It may be restarting, or you may be offline.');
  }
  const { answer, text } = found;
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError(answer.status, text.slice(0, 300) || answer.statusText);
  }
  // What is well but says 503 is /health and /ready, which nobody asks for here.
  if (!answer.ok) throw new ApiError(answer.status, body?.error ?? answer.statusText);
  return body;
};

/** An answer, but null for what is not there. */
export const maybe = async answer => {
  try {
    return await answer;
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
};

/** One record, or null. */
export const one = async (table, key, parameters, signal) =>
  (await maybe(get(`/v1/${table}/${[key].flat().map(encodeURIComponent).join('/')}`, parameters, signal)))?.record ??
  null;

/** Rows of a list, page after page. If these are not all, `next` says where to go on. */
export const rows = async (base, parameters = {}, { most = 2000, signal } = {}) => {
  const all = [];
  for (let after = parameters.after; ;) {
    const page = await get(base, { limit: Math.min(500, most), ...parameters, after }, signal);
    all.push(...page.rows);
    after = page.next;
    if (!after || all.length >= most) return { rows: all, next: after, complete: !after };
  }
};

/** All records that fit, of which there are never many. */
export const records = async (table, parameters, signal) =>
  (await rows(`/v1/${table}`, parameters, { most: Infinity, signal })).rows.map(row => row.record).filter(Boolean);

/** How many rows of a list somebody asked to see: who reads it again, or comes back to it, wants no fewer. */
const wanted = new Map();

/**
 * The first rows of a list, as `of` has them. If there are more, `next` says so, and `more()` gives the same list with
 * the `most` next ones.
 */
export const list = (base, parameters, { most = 500, of = row => row.record, signal } = {}) => {
  const place = path(base, parameters);
  const grow = async (before, after, further) => {
    wanted.set(place, Math.max(wanted.get(place) ?? 0, before.length + further));
    const page = await rows(base, { ...parameters, after }, { most: further, signal });
    const all = [...before, ...page.rows.map(of).filter(Boolean)];
    return { rows: all, next: page.next, more: () => grow(all, page.next, most) };
  };
  return grow([], null, Math.max(most, wanted.get(place) ?? 0));
};

/** A list with what comes next, if anything does. */
export const longer = each => (each.next ? each.more() : each);

/** Several lists as one. What has the same key is in it once. */
export const together = (lists, key) => ({
  rows: [...new Map(lists.flatMap(each => each.rows).map(row => [key(row), row])).values()],
  next: lists.some(each => each.next),
  more: async () => together(await Promise.all(lists.map(longer)), key),
});

/**
 * Events as they come, after `after` (BLOCK-LOG). Browsers go on by themselves when a line breaks, but not when the
 * server says that it has no place left: this does. Who does not look needs no stream: browsers have few lines to one
 * server, for all of its tabs together. `tell` gets 'live', 'lost' or 'reorganized'; `head` is called when the tables went
 * on, if the parameters ask for that.
 */
export const stream = (parameters, { after = null, event, head, tell, signal }) => {
  let [source, wait, timer, last] = [null, 1000, 0, after];
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (signal.aborted || document.hidden) return;
    source = new EventSource(path('/v1/events/stream', { ...parameters, after: last }));
    source.onopen = () => {
      wait = 1000;
      tell('live');
    };
    source.onmessage = message => {
      last = message.lastEventId || last;
      event(JSON.parse(message.data));
    };
    if (head) source.addEventListener('head', () => head());
    source.addEventListener('reorganized', message => tell('reorganized', JSON.parse(message.data)));
    source.onerror = () => {
      tell('lost');
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, 30_000);
    };
  };
  document.addEventListener(
    'visibilitychange',
    () => {
      if (!document.hidden) return source ?? open();
      close();
      return tell('lost');
    },
    { signal },
  );
  signal.addEventListener('abort', close);
  open();
};
