// The frame of the page: where the reader is, the search, the theme, how far the index is.

import { get, stream } from './api.js';
import { block, count, refreshTimes, time } from './format.js';
import { el, failure, store } from './lib.js';
import { place as searched } from './search.js';
import { find, menu, parse } from './views.js';

/** How often to look where the index is: while it tells of each block by itself, and while it does not. */
const STATUS_LIVE_MS = 30_000;
const STATUS_MS = 5_000;
const STATUS_WAIT_MS = 800;
const TIMES_MS = 10_000;

const at = id => document.getElementById(id);
const [main, nav] = [at('main'), at('nav')];

/** Ends what the view before left running: requests, streams, subscriptions. */
let leave = new AbortController();

const arrive = async ({ first = false } = {}) => {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const place = parse(location.hash);
  try {
    const { menu: current, view } = await find(place);
    if (signal.aborted) return;
    nav.replaceChildren(menu(current));
    nav.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
    main.replaceChildren(...[view({ ...place, signal })].flat(Infinity).filter(Boolean));
  } catch (error) {
    if (!signal.aborted) main.replaceChildren(failure(error, arrive));
  }
  const title = main.querySelector('h1');
  document.title = title ? `${title.textContent} · CoNET` : 'CoNET';
  if (first) return;
  window.scrollTo(0, 0);
  // Who hears the page learns that it is another one now.
  title?.focus({ preventScroll: true });
};

const startSearch = () => {
  const [form, input, says] = [at('search'), at('query'), at('search-says')];
  form.addEventListener('submit', async event => {
    event.preventDefault();
    if (!input.value.trim()) return;
    says.textContent = '';
    try {
      location.hash = await searched(input.value);
      input.value = '';
      input.blur();
    } catch (error) {
      says.textContent = error.message;
    }
  });
  input.addEventListener('input', () => (says.textContent = ''));
  document.addEventListener('keydown', event => {
    const typing = event.target.closest('input, textarea, select');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
  });
};

const startTheme = () => {
  const button = at('theme');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const current = () => document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light');
  const say = () => {
    const text = `Switch to the ${current() === 'dark' ? 'light' : 'dark'} theme`;
    button.setAttribute('aria-label', text);
    button.title = text;
  };
  button.addEventListener('click', () => {
    const theme = current() === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem('theme', theme);
    } catch {
      // It holds until the page is closed.
    }
    say();
  });
  dark.addEventListener('change', say);
  say();
};

/** What changes by itself, a reader can stop. */
const startPause = () => {
  const button = at('pause');
  button.addEventListener('click', () => {
    store.set({ paused: !store.paused });
    button.setAttribute('aria-pressed', store.paused);
    readStatus();
  });
};

/** Where the index is; `state` is told by colour, by shape and by words. */
const statusLine = status => {
  if (!status) return ['lost', ['The index does not answer.']];
  if (status.trouble) return ['bad', [`Stopped at block ${count(status.block ?? 0)}: ${status.trouble}`]];
  if (status.block === null) return ['behind', ['Nothing is read yet.']];
  const where = ['Block ', block(status.block), ' · ', time(status.time), ` · final up to ${count(status.finalized)}`];
  return status.lag_blocks > 3
    ? ['behind', [...where, ` · ${count(status.lag_blocks)} blocks behind`]]
    : ['good', where];
};

const showStatus = async () => {
  if (document.hidden || store.paused) return;
  const status = await get('/v1/status').catch(() => null);
  if (document.hidden || store.paused) return;
  const [state, words] = statusLine(status);
  at('status').replaceChildren(el('span', { class: `dot ${state}`, 'aria-hidden': 'true' }), ...words);
  if (status) store.set({ status });
};

let [reading, again] = [null, false];

/** Once at a time. Whoever asks meanwhile wants to know what is so after now. */
const readStatus = () => {
  again = Boolean(reading);
  reading ??= (async () => {
    try {
      do {
        again = false;
        await showStatus();
      } while (again);
    } finally {
      reading = null;
    }
  })();
  return reading;
};

/** The index tells of each block that it has read. Where it cannot, it is asked. */
const startStatus = () => {
  let [timer, every] = [0, STATUS_MS];
  const poll = () => {
    clearInterval(timer);
    timer = setInterval(readStatus, every);
  };
  poll();
  stream(
    { heads: 'only' },
    {
      event: () => {},
      head: readStatus,
      tell: state => {
        if (state === 'reorganized') return;
        every = state === 'live' ? STATUS_LIVE_MS : STATUS_MS;
        poll();
        readStatus();
      },
      signal: new AbortController().signal,
    },
  );
};

addEventListener('hashchange', () => arrive());
document.querySelector('.skip').addEventListener('click', event => {
  // The hash is where the reader is: it cannot name an element as well.
  event.preventDefault();
  main.focus();
});
document.addEventListener('visibilitychange', readStatus);
startSearch();
startTheme();
startPause();
startStatus();
setInterval(refreshTimes, TIMES_MS);
// Views are better with the chain's time, but do not wait for it long.
await Promise.race([readStatus(), new Promise(resolve => setTimeout(resolve, STATUS_WAIT_MS))]);
await arrive({ first: true });
