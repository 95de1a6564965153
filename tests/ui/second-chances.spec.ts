import { expect, test } from '@jupyterlab/galata';

import { hold, release } from './lake';
import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

test.beforeEach(async ({ page }) => {
  await new Panel(page).open();
});

test('a stuck rule is tried again, given another end, and released', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.search('ATLAS_OD_EDU:4lep_mc_ggH125');
  await panel.row('4lep_mc_ggH125').click();
  const own = panel.root
    .locator('.jp-Dlaas-rule')
    .filter({ hasText: 'by alice' });

  await test.step('the storage that the notebook reads is down: it is stuck', async () => {
    hold('notebook');
    try {
      await panel.button('Make available…').click();
      await panel.accept();
      await expect(panel.dialog.getByText('Granted')).toBeVisible();
      await panel.cancel();
      await expect(own).toContainText('stuck', { timeout: 90_000 });
    } finally {
      release('notebook');
    }
    // Rules of others offer nothing that one could not do.
    await expect(
      panel.root.getByRole('button', { name: 'Release…' })
    ).toHaveCount(1);
  });

  await test.step('Retry brings it', async () => {
    await own.getByRole('button', { name: 'Retry' }).click();
    await expect(own).toContainText('complete', { timeout: 90_000 });
    await expect(own.getByRole('button', { name: 'Retry' })).toHaveCount(0);
  });

  await test.step('another end', async () => {
    await own.getByRole('button', { name: 'Extend…' }).click();
    await panel.dialog.getByText('30 days').click();
    await panel.accept();
    await expect(panel.dialog).toHaveCount(0);
    await expect(own).toContainText(/\(30 days|29 days/);
    await panel.root.screenshot({ path: 'test-results/rule.png' });
  });

  await test.step('released: Rucio keeps it for another hour', async () => {
    await own.getByRole('button', { name: 'Release…' }).click();
    const sure = page.locator('.jp-Dialog');
    await expect(sure).toContainText('unless another rule keeps it');
    await sure.getByRole('button', { name: 'Release' }).click();
    await expect(own).toContainText(/minutes|1 hour/);
  });
});

test('an upload that failed is tried again, and its log tells both', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  const name = `second-chance-${Date.now()}.txt`;
  await page.contents.uploadContent('results', 'text', `${tmpPath}/${name}`);
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  hold('north');
  const job = panel.root
    .getByRole('list', { name: 'Transfers' })
    .getByRole('listitem')
    .filter({ hasText: name })
    .first();
  try {
    await page
      .locator('.jp-DirListing-item')
      .filter({ hasText: name })
      .click({ button: 'right' });
    await page
      .getByRole('menuitem', { name: 'Upload to the data lake…' })
      .click();
    await panel.accept();
    await expect(job).toContainText('Failed', { timeout: 90_000 });
  } finally {
    release('north');
  }
  await job.getByRole('button', { name: 'Try again' }).click();
  await expect(job).toContainText('Uploaded', { timeout: 60_000 });
  await job.getByRole('button', { name: `Log of` }).click();
  await expect(job).toContainText('Tried again.');
  await expect(job).toContainText('Ended: done.');
  await panel.root.screenshot({ path: 'test-results/log.png' });
});
