// The API's own description, each path to be tried in place.

import { get } from './api.js';
import { copyButton, el, empty, heading, loading, section } from './lib.js';

const SHOWN_MOST = 60_000;

const shape = ({ type, pattern, $ref, enum: enumerated } = {}) =>
  enumerated?.join(', ') || [type].flat().filter(Boolean).join(' or ') || $ref?.split('/').at(-1) || pattern || '';

/** A path with what the form says. */
const target = (path, parameters, form) => {
  const given = new Map([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(given.get(name) ?? ''));
  const query = new URLSearchParams(
    parameters
      .filter(each => each.in === 'query' && given.get(each.name))
      .map(each => [each.name, given.get(each.name)]),
  );
  return query.size ? `${filled}?${query}` : filled;
};

const pretty = text => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

/** Reads an answer as it comes: a stream does not end until somebody stops it. */
const read = async (answer, tell) => {
  const streams = answer.headers.get('content-type')?.startsWith('text/event-stream');
  const decoder = new TextDecoder();
  let text = '';
  for (const reader = answer.body.getReader(); ;) {
    const { value, done } = await reader.read();
    if (done) return pretty(text);
    text += decoder.decode(value, { stream: true });
    if (!streams) continue;
    text = text.slice(-SHOWN_MOST);
    tell(text);
  }
};

/** Where an answer goes: what was asked, how it ended, the text. */
const answerBox = () => {
  const [line, output] = [
    el('p', { class: 'answer-line', role: 'status' }),
    el('pre', { tabindex: '0', 'aria-label': 'Answer' }),
  ];
  const box = el('div', { class: 'answer', hidden: true }, line, output);
  const show = text =>
    (output.textContent =
      text.length > SHOWN_MOST ? `${text.slice(0, SHOWN_MOST)}\n… ${text.length - SHOWN_MOST} characters more` : text);
  return { box, line, show };
};

const tryIt = (path, parameters, signal) => {
  let running = null;
  const { box, line, show } = answerBox();
  const stop = el('button', { type: 'button', hidden: true, click: () => running?.abort() }, 'Stop');
  const submit = async event => {
    event.preventDefault();
    running?.abort();
    running = new AbortController();
    const own = running;
    signal.addEventListener('abort', () => own.abort());
    const url = target(path, parameters, event.target);
    const command = `curl '${location.origin}${url}'`;
    const say = text =>
      line.replaceChildren(el('code', null, url), ` ${text} `, copyButton(command, 'as a curl command'));
    box.hidden = false;
    stop.hidden = false;
    say('…');
    show('');
    const began = performance.now();
    try {
      const answer = await fetch(url, { signal: own.signal });
      const status = () => `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - began)} ms`;
      say(status());
      show(await read(answer, show));
      say(status());
    } catch (error) {
      say(error.name === 'AbortError' ? 'stopped' : `did not work: ${error.message}`);
    } finally {
      if (running === own) stop.hidden = true;
    }
  };
  return el(
    'form',
    { class: 'try', submit },
    parameters.map(each =>
      el(
        'label',
        null,
        el(
          'span',
          null,
          each.name,
          each.required && el('span', { class: 'required' }, ' needed'),
          el('span', { class: 'dim' }, ` ${shape(each.schema)}`),
        ),
        el('input', {
          name: each.name,
          required: each.required,
          placeholder: each.description,
          autocomplete: 'off',
          autocapitalize: 'none',
          spellcheck: 'false',
        }),
      ),
    ),
    el('div', { class: 'row' }, el('button', { type: 'submit', class: 'primary' }, 'Try it'), stop),
    box,
  );
};

/** Forms are made when somebody opens them: there are many. */
const operation = (path, method, about, signal) => {
  const fold = el(
    'details',
    { class: 'operation' },
    el(
      'summary',
      null,
      el('span', { class: 'method' }, method.toUpperCase()),
      el('code', null, path),
      el('span', { class: 'dim' }, about.summary ?? ''),
    ),
  );
  // Which answers it has already, the browser says by itself.
  const parameters = (about.parameters ?? []).filter(each => each.in !== 'header');
  fold.addEventListener('toggle', () => fold.append(tryIt(path, parameters, signal)), { once: true });
  return fold;
};

const listed = (description, signal) => {
  const all = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => ({ path, method, about })),
  );
  const groups = Object.groupBy(all, each => each.about.tags?.[0] ?? 'other');
  return Object.entries(groups).map(([tag, list]) =>
    section(
      tag,
      list.map(each => operation(each.path, each.method, each.about, signal)),
    ),
  );
};

const find = (box, says) => event => {
  const wanted = event.target.value.trim().toLowerCase();
  let shown = 0;
  box.querySelectorAll('.operation').forEach(each => {
    each.hidden = !each.querySelector('summary').textContent.toLowerCase().includes(wanted);
    shown += !each.hidden;
  });
  box.querySelectorAll('section').forEach(each => (each.hidden = !each.querySelector('.operation:not([hidden])')));
  says.textContent = wanted ? `${shown} ${shown === 1 ? 'path' : 'paths'}` : '';
};

export default ({ signal }) => {
  const says = el('span', { class: 'dim', role: 'status' });
  const box = loading(
    () => get('/openapi.json', {}, signal),
    description =>
      description.paths
        ? [
            el(
              'p',
              { class: 'dim' },
              `${description.info.title} ${description.info.version}. ${description.info.description} `,
              el('a', { href: '/openapi.json' }, 'openapi.json'),
            ),
            listed(description, signal),
          ]
        : empty('The index does not describe itself.'),
    { rows: 12 },
  );
  return [
    heading('API', 'Everything on this page comes from here. No key is needed; answers are JSON with an ETag.'),
    el(
      'label',
      { class: 'find' },
      el('span', null, 'Find a path'),
      el('input', { type: 'search', placeholder: 'like notes', input: find(box, says) }),
      says,
    ),
    box,
  ];
};
