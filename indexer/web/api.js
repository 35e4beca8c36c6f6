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

export const get = async (base, parameters, signal) => {
  let answer;
  try {
    answer = await fetch(path(base, parameters), { signal });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The index did not answer. It may be restarting, or you may be offline.');
  }
  const text = await answer.text();
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

/** The same, but null for what is not there. */
export const maybe = async (...request) => {
  try {
    return await get(...request);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
};

/** One record, or null. */
export const one = async (table, key, parameters, signal) =>
  (await maybe(`/v1/${table}/${[key].flat().map(encodeURIComponent).join('/')}`, parameters, signal))?.record ?? null;

/** Rows of a list, page after page. `complete` says whether these are all. */
export const rows = async (base, parameters = {}, { most = 2000, signal } = {}) => {
  const all = [];
  for (let after = null; ;) {
    const page = await get(base, { limit: Math.min(500, most), ...parameters, after }, signal);
    all.push(...page.rows);
    after = page.next;
    if (!after) return { rows: all, complete: true };
    if (all.length >= most) return { rows: all, complete: false };
  }
};

/** Records of a table. */
export const records = async (table, parameters, options) =>
  (await rows(`/v1/${table}`, parameters, options)).rows.map(row => row.record).filter(Boolean);

/**
 * Events as they come, after `after` (BLOCK-LOG). Browsers go on by themselves when a line breaks, but not when the
 * server says that it has no place left: this does. Who does not look needs no stream: browsers have few lines to one
 * server, for all of its tabs together. `tell` gets 'live', 'lost' or 'reorganized'.
 */
export const stream = (parameters, { after = null, event, tell, signal }) => {
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
