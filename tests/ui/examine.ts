import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';

export const THEMES = [
  'JupyterLab Light',
  'JupyterLab Dark',
  'JupyterLab Dark High Contrast'
];

/**
 * What axe finds fault with in something, a line for each kind of fault; of the colours alone where only the theme is another.
 */
export async function faults(
  where: Locator,
  ofColours = false
): Promise<string[]> {
  // Axe takes a selector, so what is looked at gets a mark for a moment.
  await where.evaluate(node => node.setAttribute('data-examined', ''));
  const axe = new AxeBuilder({ page: where.page() }).include('[data-examined]');
  const { violations } = await (ofColours
    ? axe.withRules(['color-contrast', 'link-in-text-block'])
    : axe.options({ rules: { 'target-size': { enabled: true } } })
  ).analyze();
  await where.evaluate(node => node.removeAttribute('data-examined'));
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any.map(({ message }) => message).join('; ')}`).join('\n    ')}`
  );
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
          if (isCut && !ends && !half) {
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
    /** What lies over the rest on purpose: a list of completions. */
    function isFloating(node: Element): boolean {
      return [...ancestors(node, root)].some(
        up =>
          ['absolute', 'fixed'].includes(style(up).position) &&
          style(up).zIndex !== 'auto'
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
      [/[\d.,]+\s[kMG]?B\/s/g, '1 MB/s'],
      [/[\d.,]+\s[kMGT]?B free/g, '1 GB free']
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
