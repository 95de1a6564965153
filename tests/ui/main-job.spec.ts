import { expect, test } from '@jupyterlab/galata';
import * as path from 'path';

import { Panel } from './panel';

const NOTEBOOK = '01-higgs-to-two-photons.ipynb';
const notebooks = process.env.NOTEBOOKS as string;

test.use({ viewport: { width: 1440, height: 900 } });

test('a person does the whole job: search, make available, attach, plot, upload, find', async ({
  page,
  tmpPath
}) => {
  await page.contents.uploadFile(
    path.join(notebooks, NOTEBOOK),
    `${tmpPath}/${NOTEBOOK}`
  );
  await page.notebook.openByPath(`${tmpPath}/${NOTEBOOK}`);
  await page.notebook.activate(NOTEBOOK);
  const panel = new Panel(page);

  await test.step('search, and open a dataset into its files', async () => {
    await panel.search('ATLAS_OD_EDU:*GamGam*');
    await panel.row('GamGam_data').click();
    await expect(panel.root.getByText('Not here yet')).toBeVisible();
    await panel.row('GamGam_data').press('ArrowRight');
    await expect(panel.row('data_D.GamGam.root')).toBeVisible();
  });

  await test.step('make it available for 14 days', async () => {
    await panel.button('Make available…').click();
    await panel.dialog.getByText('14 days').click();
    await panel.accept();
    await expect(panel.dialog.getByText(/Granted/)).toBeVisible();
    await expect(panel.dialog.getByText(/on NOTEBOOK-MOUNT/)).toBeVisible();
    await panel.cancel();
  });

  await test.step('the daemons move the bytes, and the panel hears of it', async () => {
    await expect(
      panel.root.getByText('Available', { exact: true }).first()
    ).toBeVisible({ timeout: 90_000 });
    await expect(panel.root.getByText(/1[34] days left/).first()).toBeVisible();
  });

  await test.step('attach it to the notebook under a name', async () => {
    await panel.button('Attach…').click();
    await panel.dialog
      .getByRole('textbox', { name: 'Name of the variable' })
      .fill('data');
    await panel.accept();
    await expect(panel.dialog).toHaveCount(0);
    await panel.tab('Notebook');
    await expect(panel.root.getByText('set in the kernel')).toBeVisible({
      timeout: 60_000
    });
  });

  await test.step('run the notebook and see the bump', async () => {
    await page.menu.clickMenuItem('Run>Run All Cells');
    const outputs = page.locator('.jp-OutputArea-output');
    await expect(outputs.locator('img').first()).toBeVisible({
      timeout: 120_000
    });
    await expect(outputs.getByText(/signal at 12[3-7]\.\d+ ± /)).toBeVisible();
    await expect(outputs.getByText(/is kept on .+ until/)).toBeVisible({
      timeout: 60_000
    });
  });

  if (process.env.SCREENSHOTS) {
    await panel.tab('Explore');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.sidebar.setWidth(380);
    await expect(
      panel.row('data_D.GamGam.root').getByRole('img', { name: 'Available' })
    ).toBeVisible();
    const plot = page.locator('.jp-OutputArea-output img').first();
    // The cells above get their heights while they are scrolled by.
    await expect(async () => {
      await plot.evaluate(node => node.scrollIntoView({ block: 'end' }));
      await page.waitForTimeout(500);
      await expect(plot).toBeInViewport({ ratio: 0.99, timeout: 100 });
    }).toPass();
    await page.screenshot({
      path: path.join(process.env.IMAGES as string, 'panel-and-plot.png')
    });
  }

  await test.step('upload the histogram from the file browser', async () => {
    await page.notebook.save();
    await page.sidebar.openTab('filebrowser');
    await page.filebrowser.refresh();
    const item = page
      .locator('.jp-DirListing-item')
      .filter({ hasText: 'higgs-to-two-photons.root' });
    await item.click({ button: 'right' });
    await page
      .getByRole('menuitem', { name: 'Upload to the data lake…' })
      .click();
    const name = `bump-${Date.now()}.root`;
    await panel.dialog.getByRole('combobox', { name: 'Scope' }).selectOption('user.alice');
    await panel.dialog
      .getByRole('textbox', { name: 'Name', exact: true })
      .fill(name);
    await panel.dialog.getByLabel('Dataset (optional)').fill('bumps');
    await panel.dialog.getByText('30 days').click();
    await panel.accept();
    await expect(panel.dialog).toHaveCount(0);
    const jobs = panel.root.getByRole('list', { name: 'Transfers' });
    await expect(
      jobs.getByRole('listitem').filter({ hasText: name })
    ).toContainText('Uploaded', { timeout: 60_000 });

    await panel.search(`user.alice:${name}`);
    await expect(panel.row(name)).toBeVisible();
    await panel.row(name).click();
    await expect(
      panel.card.getByText('NORTH-DISK', { exact: true }).first()
    ).toBeVisible();
  });
});
