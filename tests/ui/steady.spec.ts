import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import { shifts } from './examine';
import { Panel } from './panel';
import { command, freeze, thaw } from './scenes/stage';

/**
 * Nothing jumps when data arrives: answers are held back until all else has settled, then what they move is counted,
 * as browsers count layout shifts.
 */
test.use({ viewport: { width: 1440, height: 900 } });

const WIDTHS = [240, 400];

/**
 * Hold the answers of an address of ours back; what is returned lets them come.
 */
async function withhold(
  page: IJupyterLabPageFixture,
  address: string | RegExp
): Promise<() => void> {
  let letCome = () => undefined as void;
  const held = new Promise<void>(resolve => (letCome = resolve));
  await page.route(address, async route => {
    const answer = await route.fetch();
    await held;
    await route.fulfill({ response: answer });
  });
  return letCome;
}

async function begin(page: IJupyterLabPageFixture, width: number) {
  await page.sidebar.setWidth(width, 'left');
  const panel = new Panel(page);
  await panel.open();
  await expect(panel.account).toHaveText('alice');
  return panel;
}

for (const width of WIDTHS) {
  test(`a transfer that gets on and ends moves nothing, at ${width} px`, async ({
    page,
    tmpPath
  }) => {
    const panel = await begin(page, width);
    const names = ['one', 'two', 'three'].map(name => `${name}-${Date.now()}`);
    const job = (name: string) =>
      panel.root.locator('[data-job]').filter({ hasText: name });
    const upload = async (name: string) => {
      const file = { path: `${tmpPath}/${name}`, did: `user.alice:${name}` };
      await page.contents.uploadContent(name, 'text', file.path);
      await page.request.post('dlaas/lake/uploads', { data: file });
    };
    await upload(names[0]);
    await panel.tab('Transfers');
    await expect(job(names[0])).toContainText('Uploaded', { timeout: 60_000 });
    freeze('north');
    try {
      await upload(names[1]);
      await expect(job(names[1])).toContainText('Uploading');
      const moved = await shifts(page);
      thaw('north');
      await expect(job(names[1])).toContainText('Uploaded', {
        timeout: 60_000
      });
      await expect(job(names[1])).toContainText('NORTH-DISK');
      expect(await moved()).toEqual([]);
    } finally {
      thaw('north');
    }
  });

  test(`the quota and the cache that arrive move nothing, at ${width} px`, async ({
    page
  }) => {
    const letCome = await withhold(page, /\/dlaas\/(lake\/usage|cache)/);
    await page.reload();
    const panel = await begin(page, width);
    await panel.account.click();
    await expect(panel.login).toBeVisible();
    const moved = await shifts(page);
    letCome();
    await expect(panel.login).toContainText('of 20.0');
    await expect(panel.login).toContainText(/in \d+ files?/);
    expect(await moved()).toEqual([]);
  });

  test(`states of a notebook’s data that arrive move nothing, at ${width} px`, async ({
    page,
    tmpPath
  }) => {
    const panel = await begin(page, width);
    const letCome = await withhold(page, /\/dlaas\/lake\/status/);
    const path = `${tmpPath}/steady.ipynb`;
    await page.contents.uploadContent(
      JSON.stringify(notebook('4lep_mc_WH125', '4lep_data', '4lep_mc_Zee')),
      'text',
      path
    );
    await command(page, 'docmanager:open', { path });
    await panel.tab('Notebook');
    const rows = panel.root.locator('.jp-Dlaas-variable');
    await expect(rows.getByText('Asking…')).toHaveCount(3);
    await expect(panel.root).toContainText('looking where');
    const moved = await shifts(page);
    letCome();
    await expect(rows.getByText('Asking…')).toHaveCount(0);
    await expect(rows.getByText('set in the kernel')).toHaveCount(3, {
      timeout: 60_000
    });
    expect(await moved()).toEqual([]);
  });
}

function notebook(...names: string[]): object {
  return {
    cells: [],
    metadata: {
      kernelspec: {
        display_name: 'Python 3',
        language: 'python',
        name: 'python3'
      },
      rucio_attachments: names.map((name, index) => ({
        variableName: `data${index}`,
        did: `ATLAS_OD_EDU:${name}`,
        type: 'collection'
      }))
    },
    nbformat: 4,
    nbformat_minor: 5
  };
}
