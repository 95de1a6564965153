import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

test.beforeEach(async ({ page }) => {
  await new Panel(page).open();
});

function job(panel: Panel, text: string | RegExp): Locator {
  return panel.root
    .getByRole('list', { name: 'Transfers' })
    .getByRole('listitem')
    .filter({ has: panel.page.locator('.jp-Dlaas-job-what') })
    .filter({ hasText: text })
    .first();
}

test('a folder is uploaded in one go, and each of its files is reported', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  const stamp = Date.now();
  const folder = `run-${stamp}`;
  await page.contents.createDirectory(`${tmpPath}/${folder}`);
  for (const name of ['one', 'two', 'three']) {
    await page.contents.uploadContent(
      name,
      'text',
      `${tmpPath}/${folder}/${name}-${stamp}.txt`
    );
  }
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  await page
    .locator('.jp-DirListing-item')
    .filter({ hasText: folder })
    .click({ button: 'right' });
  await page
    .getByRole('menuitem', { name: 'Upload to the data lake…' })
    .click();
  await expect(panel.dialog).toContainText('Each file keeps its name');
  await panel.dialog.locator('input[name=dataset]').fill(`set-${stamp}`);
  await panel.dialog.screenshot({ path: 'test-results/upload-folder.png' });
  await panel.accept();

  const line = job(panel, `set-${stamp}`);
  await expect(line).toContainText('Uploaded', { timeout: 90_000 });
  await expect(line).toContainText('3 of 3 files');
  await line.getByRole('button', { name: 'Files of' }).click();
  await expect(line.locator('[data-outcome=uploaded]')).toHaveCount(3);

  await test.step('a notification tells the end, once', async () => {
    const toast = page
      .locator('.jp-toastContainer')
      .getByText(`Uploaded: set-${stamp}`);
    await expect(toast).toHaveCount(1);
  });
  await panel.root.screenshot({ path: 'test-results/transfers.png' });
});

test('a dataset is downloaded into a folder, again, and into the cache', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.openDirectory(tmpPath);
  await panel.search('ATLAS_OD_EDU:4lep_mc_Zee');
  await panel.row('4lep_mc_Zee').click();
  await panel.button('Download…').click();
  const folder = panel.dialog.locator('input[name=folder]');
  await expect(folder).toHaveValue(`${tmpPath}/4lep_mc_Zee`);
  await panel.dialog.screenshot({ path: 'test-results/download.png' });
  await panel.accept();
  const line = job(panel, '4lep_mc_Zee');
  await expect(line).toContainText('Downloaded', { timeout: 90_000 });
  await expect(line).toContainText(`to ${tmpPath}/4lep_mc_Zee`);
  await line.getByRole('button', { name: 'Files of' }).click();
  await expect(line.locator('[data-outcome=fetched]').first()).toBeVisible();
  expect(
    await page.contents.directoryExists(`${tmpPath}/4lep_mc_Zee`)
  ).toBe(true);

  await test.step('what cannot be a folder is told in the dialog', async () => {
    await panel.tab('Explore');
    await panel.row('4lep_mc_Zee').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Download Data…' }).click();
    await folder.fill('../outside');
    await panel.accept();
    await expect(panel.problem(panel.dialog)).toContainText('../outside');
    await panel.dialog.getByText('the cache, where notebooks').click();
    await panel.accept();
    await expect(job(panel, 'into the cache')).toContainText('Downloaded', {
      timeout: 90_000
    });
  });

  await test.step('looked at: light, dark, narrow', async () => {
    await panel.root.screenshot({ path: 'test-results/downloads-light.png' });
    await page.theme.setDarkTheme();
    await panel.root.screenshot({ path: 'test-results/downloads-dark.png' });
    await page.sidebar.setWidth(240, 'left');
    await panel.root.screenshot({ path: 'test-results/downloads-narrow.png' });
    await page.theme.setLightTheme();
  });
});
