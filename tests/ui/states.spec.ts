import { expect, galata, test } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { faults, misplaced, scroll, settle, THEMES, wear } from './examine';
import { release } from './lake';
import { Panel } from './panel';
import type { IStage, IState } from './scenes/stage';
import { thaw } from './scenes/stage';
import { SCENES } from './states';

/**
 * Every state of the panel (states.ts): axe finds no fault with it in any theme, scrolled as well; nothing of it is cut
 * off or lies over something else, narrow and wide; the main ones look as before.
 *
 * After a change that is meant to be seen, `python run.py states.spec.ts --update-snapshots` renews the pictures in looks/.
 */
test.use({ viewport: { width: 1440, height: 900 } });

const WIDTHS = { narrow: 240, wide: 400 };

async function widen(page: IJupyterLabPageFixture, to: number): Promise<void> {
  await page.sidebar.setWidth(to, 'left');
}

async function looksRight(state: IState, stage: IStage): Promise<void> {
  const { page, panel } = stage;
  const where = state.where?.(stage) ?? panel.root;
  await settle(page, where);
  // A dialog is as wide as it is.
  const widths = state.where ? [''] : Object.keys(WIDTHS);
  for (const kind of widths) {
    const name = [...state.name.split(' '), kind].filter(Boolean).join('-');
    if (kind) {
      await widen(page, WIDTHS[kind as keyof typeof WIDTHS]);
      await page.mouse.move(1300, 20);
    }
    expect.soft(await misplaced(where), name).toEqual([]);
    if (state.isMain) {
      await expect.soft(where).toHaveScreenshot(`${name}.png`);
    }
  }
}

/**
 * A picture for whoever looks at them, where SHOTS names a folder.
 */
async function picture(where: Locator, name: string): Promise<void> {
  if (process.env.SHOTS) {
    await where.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
  }
}

async function isAccessible(state: IState, stage: IStage): Promise<void> {
  const { page, panel } = stage;
  const where = state.where?.(stage) ?? panel.root;
  for (const [index, theme] of THEMES.entries()) {
    await wear(page, theme);
    const found = await faults(where, index > 0);
    if (await scroll(where, 'end')) {
      found.push(...(await faults(where, index > 0)));
      await scroll(where, 'start');
    }
    expect.soft(found, `${state.name}, ${theme}`).toEqual([]);
    await picture(where, `${state.name}-${index}`);
  }
  await wear(page, THEMES[0]);
}

for (const [scene, { settings, states }] of Object.entries(SCENES)) {
  test.describe(scene, () => {
    test.use({ mockSettings: { ...galata.DEFAULT_SETTINGS, ...settings } });

    test(`${scene}: nothing for axe, nothing cut off, as before`, async ({
      page,
      tmpPath
    }) => {
      test.slow();
      const panel = new Panel(page);
      const stage = { page, panel, folder: tmpPath };
      await panel.open();
      await widen(page, WIDTHS.wide);
      try {
        for (const state of states) {
          await test.step(state.name, async () => {
            await state.reach(stage);
            await isAccessible(state, stage);
            await looksRight(state, stage);
            await state.leave?.(stage);
          });
        }
      } finally {
        for (const service of ['rucio', 'notebook', 'north']) {
          release(service);
        }
        thaw('north');
        for (const instance of ['anybody', 'by-hand']) {
          await page.request.delete(`dlaas/${instance}/login`);
        }
      }
    });
  });
}
