import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator, Page } from '@playwright/test';
import { readFileSync } from 'fs';

export const THEMES = [
  'JupyterLab Light',
  'JupyterLab Dark',
  'JupyterLab Dark High Contrast'
];

const COLOURS = ['color-contrast', 'link-in-text-block'];
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf-8');

/**
 * Have each theme at hand, so that `wear` needs no moment: to load one takes JupyterLab half a second.
 */
export async function prepareThemes(
  page: IJupyterLabPageFixture
): Promise<void> {
  for (const theme of [...THEMES].reverse()) {
    await page.theme.setTheme(theme);
    await page.evaluate(name => {
      const all = 'link[href*="/themes/"]:not([data-theme])';
      // The last one that was loaded.
      const link = [...document.querySelectorAll<HTMLLinkElement>(all)].pop()!;
      const { jpThemeLight, jpThemeScrollbars } = document.body.dataset;
      const kept = link.cloneNode() as HTMLLinkElement;
      Object.assign(kept.dataset, {
        theme: name,
        light: jpThemeLight,
        scrollbars: jpThemeScrollbars,
        ground: getComputedStyle(document.body).getPropertyValue(
          '--jp-layout-color1'
        )
      });
      // What is not for this medium is loaded all the same.
      kept.media = 'not all';
      document.head.append(kept);
    }, theme);
  }
  await page.evaluate(() => {
    const all = 'link[href*="/themes/"]:not([data-theme])';
    for (const link of document.querySelectorAll<HTMLLinkElement>(all)) {
      link.media = 'not all';
    }
    const kept = document.querySelectorAll<HTMLLinkElement>('[data-theme]');
    const grounds = new Set([...kept].map(({ dataset }) => dataset.ground));
    if (grounds.size !== kept.length) {
      throw new Error(`The themes look the same: ${[...grounds].join()}`);
    }
  });
}

/**
 * Wear a theme: its style sheet in place of the one that JupyterLab has loaded, and what the page says of it.
 */
export async function wear(
  page: IJupyterLabPageFixture,
  theme: string
): Promise<void> {
  // A page that was loaded anew knows none.
  if (!(await page.evaluate(() => document.querySelector('[data-theme]')))) {
    await prepareThemes(page);
  }
  await page.waitForFunction(name => {
    const links = document.querySelectorAll<HTMLLinkElement>('[data-theme]');
    for (const link of links) {
      link.media = link.dataset.theme === name ? '' : 'not all';
    }
    const { light, scrollbars, ground } = [...links].find(
      link => link.dataset.theme === name
    )!.dataset;
    Object.assign(document.body.dataset, {
      jpThemeName: name,
      jpThemeLight: light,
      jpThemeScrollbars: scrollbars
    });
    // Until the style sheet has come.
    const style = getComputedStyle(document.body);
    return style.getPropertyValue('--jp-layout-color1') === ground;
  }, theme);
}

/**
 * What axe finds fault with in something, a line for each kind of fault; of the colours alone where only the theme is another.
 */
export async function faults(
  where: Locator,
  ofColours = false
): Promise<string[]> {
  const page = where.page();
  if (!(await page.evaluate(() => 'axe' in window))) {
    await page.evaluate(AXE);
  }
  const options = ofColours
    ? { runOnly: { type: 'rule', values: COLOURS } }
    : { rules: { 'target-size': { enabled: true } } };
  return where.evaluate(async (node, asked) => {
    const { axe } = window as any;
    const { violations } = await axe.run(node, {
      ...asked,
      resultTypes: ['violations']
    });
    return violations.map(
      ({ id, nodes }: any) =>
        `${id}: ${nodes.map(({ html, any: why }: any) => `${html.slice(0, 160)} ${why.map(({ message }: any) => message).join('; ')}`).join('\n    ')}`
    );
  }, options);
}

/**
 * Scroll all that scrolls in something to its end or back; answers whether there is anything.
 */
export function scroll(where: Locator, to: 'end' | 'start'): Promise<boolean> {
  return where.evaluate((root, end) => {
    let scrolls = false;
    for (const node of [root, ...root.querySelectorAll('*')]) {
      const { overflowY } = getComputedStyle(node);
      if (
        ['auto', 'scroll'].includes(overflowY) &&
        node.scrollHeight > node.clientHeight + 1
      ) {
        scrolls = true;
        node.scrollTop = end ? node.scrollHeight : 0;
      }
    }
    return scrolls;
  }, to === 'end');
}

/**
 * What is cut off, lies over something else, is wider than its place or too small to be hit.
 */
export function misplaced(where: Locator): Promise<string[]> {
  return where.evaluate(root => {
    const found: string[] = [];
    const say = (what: string, node: Element) =>
      found.push(`${what}: ${node.outerHTML.slice(0, 140)}`);
    const frame = root.getBoundingClientRect();
    const style = (node: Element) => getComputedStyle(node);
    const isHidden = (node: Element) =>
      !node.checkVisibility({ visibilityProperty: true } as any) ||
      node.closest('.jp-Dlaas-hidden, [aria-hidden=true]') !== null ||
      style(node).clipPath !== 'none' || style(node).opacity === '0';
    /** What is seen of a text's box inside all that clips it. */
    const seen = (text: Text, box: DOMRect) => {
      let { left, right, top, bottom } = box;
      for (
        let up = text.parentElement;
        up && up !== document.body;
        up = up.parentElement
      ) {
        const { overflowX, overflowY } = style(up);
        const rect = up.getBoundingClientRect();
        if (overflowX !== 'visible') {
          left = Math.max(left, rect.left);
          right = Math.min(right, rect.right);
        }
        if (overflowY !== 'visible') {
          top = Math.max(top, rect.top);
          bottom = Math.min(bottom, rect.bottom);
        }
      }
      return { left, right, top, bottom };
    };
    const all = [...root.querySelectorAll<HTMLElement>('*')].filter(
      node => !(node instanceof SVGElement) && !isHidden(node)
    );

    for (const node of [root as HTMLElement, ...all]) {
      const { overflowX } = style(node);
      if (
        ['auto', 'scroll'].includes(overflowX) &&
        node.scrollWidth > node.clientWidth + 1 &&
        !node.matches('pre, pre *, [data-scrolls]')
      ) {
        say('scrolls sideways', node);
      }
    }

    // The lines of text, each with the element that it stands in.
    const lines: { node: HTMLElement; box: ReturnType<typeof seen> }[] = [];
    for (const node of all) {
      for (const child of node.childNodes) {
        if (!(child instanceof Text) || !child.data.trim()) {
          continue;
        }
        const range = document.createRange();
        range.selectNodeContents(child);
        for (const rect of range.getClientRects()) {
          const box = seen(child, rect);
          if (box.right - box.left < 1 || box.bottom - box.top < 1) {
            continue;
          }
          const ends = [...ancestors(node, root)].some(
            up => style(up).textOverflow === 'ellipsis'
          );
          const isCut = rect.right > box.right + 1 || rect.left < box.left - 1;
          const half = box.bottom - box.top < rect.height * 0.6;
          if (isCut && !ends && !half && !node.closest('pre')) {
            say('cut off', node);
          }
          if (rect.right > frame.right + 1 && !ends && !isCut) {
            say('sticks out', node);
          }
          lines.push({ node, box });
        }
      }
    }
    lines.forEach((one, index) => {
      for (const other of lines.slice(index + 1)) {
        if (one.node === other.node || isFloating(one.node) !== isFloating(other.node)) {
          continue;
        }
        const wide =
          Math.min(one.box.right, other.box.right) -
          Math.max(one.box.left, other.box.left);
        const high =
          Math.min(one.box.bottom, other.box.bottom) -
          Math.max(one.box.top, other.box.top);
        if (wide > 2 && high > 4) {
          say(`lies over "${other.node.textContent?.slice(0, 40)}"`, one.node);
        }
      }
    });
    return [...new Set(found)];

    function* ancestors(node: Element, top: Element) {
      for (let up: Element | null = node; up && up !== top; up = up.parentElement) {
        yield up;
      }
    }
    /** What lies over the rest on purpose: a list of completions, a line at the foot of what scrolls. */
    function isFloating(node: Element): boolean {
      return [...ancestors(node, root)].some(
        up =>
          style(up).position === 'sticky' ||
          (['absolute', 'fixed'].includes(style(up).position) &&
            style(up).zIndex !== 'auto')
      );
    }
  });
}

/**
 * Make what changes from run to run the same in each: dates, times, names of rules and jobs, speeds.
 */
export async function settle(page: Page, where: Locator): Promise<void> {
  await page.addStyleTag({
    content: `
      :root, body {
        --jp-ui-font-family: 'Liberation Sans' !important;
        --jp-code-font-family: 'Liberation Mono' !important;
      }
      * { animation: none !important; transition: none !important; caret-color: transparent !important; }
    `
  });
  await page.mouse.move(1300, 20);
  await where.evaluate(root => {
    (document.activeElement as HTMLElement | null)?.blur();
    const fixed: [RegExp, string][] = [
      [/\b[0-9a-f]{8}\b/g, '01234567'],
      [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), /g, ''],
      [/\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w* \d+(, \d{4})?/g, 'Jan 1, 2027'],
      [/\d+ (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*( \d{4})?/g, 'Jan 1, 2027'],
      [/\d{4}-\d\d-\d\d( \d\d:\d\d)?/g, '2027-01-01 00:00'],
      [/\d{1,2}:\d\d(:\d\d)?(\s?[AP]M)?/g, '12:00'],
      [/\b\d+ (second|minute|hour|day)s? (left|ago)/g, '14 days $2'],
      [/\d{10,}/g, '0'],
      [/localhost:\d+/g, 'localhost:1'],
      [/tried \d+ times?/g, 'tried 2 times'],
      [/[\d.,]+\s[kMG]?B\/s/g, '1 MB/s'],
      [/[\d.,]+\s[kMGT]?B free/g, '1 GB free'],
      // Of a quota that others use, too.
      [/[\d.,]+\s[kMG]?B of (?=\d+\.0\sGB)/g, '1 MB of ']
    ];
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const text = walk.currentNode as Text;
      const now = fixed.reduce(
        (value, [from, to]) => value.replace(from, to),
        text.data
      );
      if (now !== text.data) {
        text.data = now;
      }
    }
  });
}

/**
 * Watch what of the panel is moved by something else than a person's hand; what is returned tells it, a line for each.
 *
 * It is counted as browsers count layout shifts: what could be seen before and after, and begins elsewhere.
 */
export async function shifts(page: Page): Promise<() => Promise<string[]>> {
  // What a click moves has moved by then.
  await page.waitForTimeout(500);
  await page.evaluate(() => {
    const found: string[] = [];
    const observer = new PerformanceObserver(list => take(list.getEntries()));
    observer.observe({ type: 'layout-shift' });
    function take(entries: PerformanceEntry[]) {
      const root = document.getElementById('jupyter-dlaas-panel');
      for (const { sources } of entries as any[]) {
        for (const { currentRect: to, node, previousRect: from } of sources) {
          if (root?.contains(node)) {
            const what = (node.outerHTML ?? node.data).slice(0, 120);
            found.push(`${from.x},${from.y} to ${to.x},${to.y}: ${what}`);
          }
        }
      }
    }
    (window as any).shifts = () => {
      take(observer.takeRecords());
      return found;
    };
  });
  return async () => {
    // They are told a little later.
    await page.waitForTimeout(500);
    return page.evaluate(() => (window as any).shifts() as string[]);
  };
}
