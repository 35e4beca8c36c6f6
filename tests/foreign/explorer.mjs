// Looks at the explorer with a real browser, and says what it saw, as one line of JSON.
//   node explorer.mjs look URL FOLDER VIEW…     every view: on a desk and on the narrowest phone, by day and by night
//   node explorer.mjs feed URL WORD [VIEW TEXT]…
//                                               says "watching", then waits until the live feed shows the word, and each view
//                                               its text: by itself, while the reader stays where they are in it
// CHROMIUM says where the browser is.

import axe from 'axe-core';
import { chromium } from 'playwright-core';

const PATIENCE_MS = 30_000;
const SIZES = { desk: { width: 1280, height: 900 }, phone: { width: 320, height: 640 } };
const SCHEMES = ['light', 'dark'];
// As root there is no sandbox; and nothing of its own goes to other hosts.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-background-networking',
  '--disable-sync',
];

const [task, url, ...rest] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ARGUMENTS });

/** A page that remembers what went wrong in it. Its own policy for scripts and styles holds. */
const open = async options => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems = [];
  page.on('pageerror', error => problems.push(`${page.url()}: ${error.message}`));
  page.on('console', message => {
    // An answer of 404 is what the page asks about; it is told as an error.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) problems.push(`${page.url()}: ${message.text()}`);
  });
  return { page, problems };
};

const settle = async (page, view) => {
  // The view before must not be taken for this one.
  await page.evaluate(() => document.querySelector('main')?.replaceChildren());
  await page.goto(`${url}/#/${view}`);
  await page.waitForSelector('main h1');
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"]'));
  return page.locator('main h1').innerText();
};

/** A route that somebody registered holds, by a check of every certificate that it has. */
const verdictProblems = async page => {
  const words = await page.locator('main .verdict .badge').allInnerTexts();
  const keys = await page.locator('main .check article tbody tr').count();
  if (words.join() === 'it holds' && keys > 0) return [];
  return [`${page.url()}: the verdict is “${words.join()}”, with ${keys} keys of certificates`];
};

/** What sticks out, where a page is wider than its window. */
const widthProblems = async (page, view) => {
  const { width } = page.viewportSize();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide <= width) return [];
  const widest = await page.evaluate(() =>
    [...document.querySelectorAll('main *')]
      .filter(each => each.checkVisibility())
      .map(each => [each.getBoundingClientRect().right, each.outerHTML.slice(0, 200)])
      .reduce((one, other) => (other[0] > one[0] ? other : one)),
  );
  return [`${view} is ${wide} pixels wide where there are ${width}: ${widest}`];
};

/** What a page says, and where its links lead: addresses are shortened for people. */
const said = page =>
  page.evaluate(() => {
    const main = document.querySelector('main');
    return [main.innerText, ...[...main.querySelectorAll('a')].map(link => link.hash)].join('\n');
  });

/** Colours are what a scheme changes: the rest of what axe looks for is the same by night. */
const RULES = {
  light: {},
  dark: { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } },
};

const axeProblems = async (page, where, rules) => {
  const options = { resultTypes: ['violations'], ...rules };
  const found = await page.evaluate(options => window.axe.run(document, options), options);
  return found.violations.map(each => `${where}: ${each.id}, ${each.nodes[0]?.html}`);
};

const look = async ([folder, ...views]) => {
  const seen = [];
  const { page, problems } = await open({ viewport: SIZES.desk });
  for (const view of views) {
    const title = await settle(page, view);
    if (view.startsWith('wallet/')) problems.push(...(await verdictProblems(page)));
    if ((await page.locator('main .failure').count()) > 0)
      problems.push(`${view}: ${await page.locator('main .failure').first().innerText()}`);
    seen.push({ view, title, text: await said(page) });
    await page.evaluate(axe.source);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        problems.push(...(await axeProblems(page, `${colorScheme} ${size} ${view}`, RULES[colorScheme])));
        const name = view.replaceAll('/', '-').slice(0, 40) || 'overview';
        await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png` });
      }
      problems.push(...(await widthProblems(page, view)));
    }
    await page.setViewportSize(SIZES.desk);
  }
  return { seen, problems };
};

/** Opens a view, and puts the reader somewhere in it. */
const watch = async (view, text) => {
  const { page, problems } = await open({ viewport: SIZES.phone });
  // Nothing may depend on being asked for again and again: the index tells.
  await page.addInitScript(() => (window.setInterval = () => 0));
  await settle(page, view);
  await page.evaluate(() => {
    const links = document.querySelectorAll('main a');
    links[links.length - 1]?.focus();
    window.reader = { focus: document.activeElement, scroll: window.scrollY };
  });
  const before = await page.locator('main').innerText();
  if (before.toLowerCase().includes(text)) problems.push(`${view} says “${text}” before that is so`);
  return { page, problems, text };
};

const hasChanged = async ({ page, problems, text }) => {
  try {
    await page.waitForFunction(wanted => document.querySelector('main').innerText.toLowerCase().includes(wanted), text);
  } catch {
    const now = await page.evaluate(() => document.body.innerText);
    return [...problems, `${page.url()} does not come to say “${text}”: ${now}`];
  }
  // A page that was loaded anew has forgotten its reader.
  const isThere = await page.evaluate(
    ({ focus, scroll } = window.reader) => document.activeElement === focus && (window.scrollY > 0 || scroll === 0),
  );
  if (!isThere) problems.push(`${page.url()}: the reader is elsewhere after the view changed`);
  return problems;
};

const feed = async ([word, ...views]) => {
  const { page, problems } = await open({ viewport: SIZES.desk });
  await settle(page, 'feed');
  const watched = [];
  for (let at = 0; at < views.length; at += 2) watched.push(await watch(views[at], views[at + 1].toLowerCase()));
  console.log('watching');
  await page.waitForFunction(text => document.querySelector('main').innerText.includes(text), word);
  for (const each of watched) problems.push(...(await hasChanged(each)));
  return { problems };
};

const report = await (task === 'feed' ? feed(rest) : look(rest));
await browser.close();
console.log(JSON.stringify(report));
