import { expect, test } from '@jupyterlab/galata';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

async function run(page: Page, id: string, args = {}): Promise<void> {
  await page.evaluate(
    ([command, options]) =>
      void (
        window as unknown as {
          jupyterapp: {
            commands: { execute(id: string, args: object): void };
          };
        }
      ).jupyterapp.commands.execute(command as string, options as object),
    [id, args] as const
  );
}

async function hasNoFault(page: Page, selector: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .include(selector)
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
}

test('the status bar says who is logged in before the panel was opened, and opens it', async ({
  page
}) => {
  const panel = new Panel(page);
  const item = page.getByRole('button', { name: /^Data lake: alice/ });
  await expect(item).toBeVisible();
  await expect(item).not.toContainText(/idle/i);
  await page.locator('#jp-main-statusbar').screenshot({
    path: test.info().outputPath('statusbar.png')
  });
  await item.click();
  await expect(panel.root).toBeVisible();
  await panel.logOut('by-hand');
  await panel.choose('Log in by hand');
  await expect(
    page.getByRole('button', { name: 'Data lake: not logged in' })
  ).toBeVisible();
});

test('the launcher has a card that opens the panel', async ({ page }) => {
  const panel = new Panel(page);
  await page
    .locator('.jp-LauncherCard')
    .filter({ hasText: 'Data lake' })
    .click();
  await expect(panel.root).toBeVisible();
});

test('every act is in the command palette, enabled where it can be done', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  await expect(panel.account).toHaveText('alice');
  const palette = async (text: string) => {
    await page.keyboard.press('Control+Shift+c');
    await page.locator('.lm-CommandPalette-input').fill(text);
  };
  await palette('Data Lake');
  const items = page.locator('.lm-CommandPalette-item');
  for (const name of [
    'Open the Data Lake',
    'Search the Data Lake',
    'Log out of the Data Lake',
    'Show Transfers',
    "Show the Notebook's Data",
    'Clean the Cache of the Data Lake…',
    'Take the Tour of the Data Lake',
    'Glossary of the Data Lake'
  ]) {
    await expect(items.filter({ hasText: name }).first()).toBeVisible();
  }
  await page.screenshot({ path: test.info().outputPath('palette.png') });
  // JupyterLab hides what cannot be done now.
  const ofItem = [
    'Make Data Available…',
    'Download Data…',
    'Attach Data to the Notebook…',
    'Copy DID',
    'Copy Reference',
    'Show in the Data Lake'
  ];
  for (const name of [...ofItem, 'Log in to the Data Lake']) {
    await expect(items.filter({ hasText: name }).first()).toBeHidden();
  }
  await page.keyboard.press('Escape');
  await panel.search('ATLAS_OD_EDU:GamGam_data');
  await panel.row('GamGam_data').click();
  await palette('Data Lake');
  for (const name of ofItem) {
    await expect(items.filter({ hasText: name }).first()).toBeVisible();
  }
  await page.locator('.lm-CommandPalette-input').fill('Copy DID');
  await items.filter({ hasText: 'Copy DID' }).click();
  await expect(
    page.locator('.jp-toastContainer').getByText('ATLAS_OD_EDU:GamGam_data')
  ).toBeVisible();
});

test('the tour goes through four steps by keyboard, and is offered once', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  await panel.button('Take the tour').click();
  const tour = page.getByRole('dialog', { name: 'Tour of the data lake' });
  for (const [index, title] of [
    'Find',
    'Make available',
    'Use it in a notebook',
    'Bring results back'
  ].entries()) {
    await expect(tour.getByText(title, { exact: true })).toBeVisible();
    await expect(tour.getByText(`${index + 1} of 4`)).toBeVisible();
    await expect(tour.locator('.jp-mod-primary')).toBeFocused();
    await hasNoFault(page, '.jp-Dlaas-Tour');
    await page.screenshot({ path: test.info().outputPath(`tour-${index}.png`) });
    await page.keyboard.press('Enter');
  }
  await expect(tour).toHaveCount(0);
  await expect(panel.button('Take the tour')).toHaveCount(0);

  await test.step('Escape ends it', async () => {
    await run(page, 'dlaas:tour');
    await expect(tour.locator('.jp-mod-primary')).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(tour).toHaveCount(0);
  });
});

test('the glossary explains an RSE, on a page and where the word stands', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  await panel.open();
  await panel.button('Glossary').click();
  await expect(panel.dialog).toContainText('Rucio Storage Element');
  await panel.dialog.screenshot({ path: test.info().outputPath('glossary.png') });
  await hasNoFault(page, '.jp-Dlaas-Dialog');
  await panel.accept();

  await page.contents.uploadContent('a', 'text', `${tmpPath}/a.txt`);
  await run(page, 'dlaas:upload', { path: `${tmpPath}/a.txt` });
  await panel.dialog
    .getByRole('button', { name: 'What is this: RSE?' })
    .click();
  await expect(panel.dialog).toContainText('Rucio Storage Element');
  await panel.dialog.screenshot({ path: test.info().outputPath('upload-help.png') });
  await hasNoFault(page, '.jp-Dlaas-Dialog');
  await panel.cancel();
});

test('a file is dragged from the file browser onto the panel, uploaded, and found from there again', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  const name = `dragged-${Date.now()}.txt`;
  await page.contents.uploadContent(name, 'text', `${tmpPath}/${name}`);
  await panel.open();
  // Both are to be seen: the panel goes to the other side.
  await page.sidebar.moveTabToRight('jupyter-dlaas-panel');
  await page.sidebar.openTab('jupyter-dlaas-panel');
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.openDirectory(tmpPath);
  const file = page.locator('.jp-DirListing-item').filter({ hasText: name });
  const from = (await file.boundingBox())!;
  const to = (await panel.root.boundingBox())!;
  await page.mouse.move(from.x + 40, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(to.x + 60, to.y + 200, { steps: 8 });
  await page.mouse.move(to.x + 70, to.y + 240, { steps: 4 });
  await expect(panel.root).toHaveClass(/jp-mod-dropping/);
  await page.screenshot({ path: test.info().outputPath('dropping.png') });
  await page.mouse.up();
  await expect(panel.root).not.toHaveClass(/jp-mod-dropping/);
  await expect(panel.dialog.locator('input[name=name]')).toHaveValue(name);
  await panel.accept();
  await expect(
    panel.root.locator('.jp-Dlaas-job').filter({ hasText: name })
  ).toContainText('Uploaded', { timeout: 90_000 });

  await file.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Show in the Data Lake' }).click();
  await expect(panel.row(name)).toBeVisible();
});

test('files of the desktop go through the file browser into the lake', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  const name = `desktop-${Date.now()}.txt`;
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.openDirectory(tmpPath);
  await panel.open();
  const drop = await page.evaluateHandle(title => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['from the desktop'], title));
    return transfer;
  }, name);
  await panel.root.dispatchEvent('dragover', { dataTransfer: drop });
  await expect(panel.root).toHaveClass(/jp-mod-dropping/);
  await panel.root.dispatchEvent('drop', { dataTransfer: drop });
  await expect(panel.dialog.locator('input[name=name]')).toHaveValue(name);
  expect(await page.contents.fileExists(`${tmpPath}/${name}`)).toBe(true);
  await panel.cancel();
});

test('a DID in a cell is shown in the panel from the menu', async ({
  page
}) => {
  const panel = new Panel(page);
  await page.notebook.createNew();
  await page.notebook.setCell(0, 'code', 'x = "ATLAS_OD_EDU:GamGam_data"');
  const text = page.locator('.jp-Notebook .cm-line').getByText('GamGam_data');
  await text.click({ button: 'right' });
  const item = page.getByRole('menuitem', { name: 'Show in the Data Lake' });
  await expect(item).toBeVisible();
  await page.screenshot({ path: test.info().outputPath('cell-menu.png') });
  await item.click();
  await expect(panel.row('GamGam_data')).toBeVisible();

  await test.step('and no item is there where no DID is', async () => {
    await page.notebook.setCell(0, 'code', 'x = 1');
    await page
      .locator('.jp-Notebook .cm-line')
      .first()
      .click({ button: 'right' });
    await expect(page.getByRole('menuitem').first()).toBeVisible();
    await expect(item).toHaveCount(0);
    await page.keyboard.press('Escape');
  });
});

test('the account shows quota and cache, and cleans the cache', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  await run(page, 'dlaas:download', { did: 'ATLAS_OD_EDU:4lep_mc_Zee' });
  await panel.dialog.getByText('the cache, where notebooks').click();
  await panel.accept();
  await expect(
    panel.root
      .locator('.jp-Dlaas-job')
      .filter({ hasText: 'into the cache' })
      .first()
  ).toContainText('Downloaded', { timeout: 90_000 });
  await expect(panel.root.getByText(/Disk: .* free/)).toBeVisible();
  await panel.root.screenshot({ path: test.info().outputPath('room.png') });

  await panel.account.click();
  await expect(
    panel.login.getByText('Quota', { exact: true })
  ).toBeVisible();
  await expect(panel.login.getByText(/in \d+ files?/)).toBeVisible();
  await hasNoFault(page, '.jp-Dlaas-login-card');
  await panel.root.screenshot({ path: test.info().outputPath('account-light.png') });
  await page.theme.setDarkTheme();
  await hasNoFault(page, '.jp-Dlaas-login-card');
  await page.sidebar.setWidth(240, 'left');
  await panel.root.screenshot({ path: test.info().outputPath('account-dark.png') });
  await page.theme.setLightTheme();

  await panel.button('Clean the cache…').click();
  await panel.dialog.locator('select[name=age]').selectOption('');
  await hasNoFault(page, '.jp-Dlaas-Dialog');
  await panel.dialog.screenshot({ path: test.info().outputPath('clean.png') });
  await panel.accept();
  await expect(panel.dialog.getByText(/Freed .*B: \d+ files?/)).toBeVisible();
  await panel.cancel();
});

test('data that was made available is told on its way and at its end', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  await run(page, 'dlaas:make-available', { did: 'ATLAS_OD_EDU:4lep_mc_ZH125' });
  await panel.accept();
  await expect(panel.dialog.getByText(/Granted/)).toBeVisible();
  await panel.cancel();
  await expect(
    page.locator('.jp-toastContainer').getByText('4lep_mc_ZH125 is here.')
  ).toBeVisible({ timeout: 90_000 });
});

test.describe('with the drive', () => {
  test.use({
    mockSettings: { 'jupyter-dlaas:panel': { drive: true } }
  });

  test('the lake is a drive for reading, and takes nothing from the file browser', async ({
    page
  }) => {
    const panel = new Panel(page);
    await panel.open();
    await page
      .locator('.jp-SideBar [data-id="jupyter-dlaas-drive"]')
      .click();
    const drive = page.locator('#jupyter-dlaas-drive');
    const item = (name: string) =>
      drive.locator('.jp-DirListing-item').filter({ hasText: name });
    await item('ATLAS_OD_EDU').dblclick();
    await expect(item('GamGam_data')).toBeVisible();
    await page.screenshot({ path: test.info().outputPath('drive.png') });
    await item('GamGam_data').dblclick();
    await expect(item('data_A.GamGam.root')).toBeVisible();

    await test.step('a new notebook goes to the server, not to the lake', async () => {
      await page.menu.clickMenuItem('File>New>Notebook');
      await expect(page.locator('.jp-Notebook').first()).toBeVisible();
      await page
        .locator('.jp-Dialog')
        .getByRole('button', { name: 'Select' })
        .click();
    });

    await test.step('a file opens in the panel', async () => {
      await item('data_A.GamGam.root').dblclick();
      await expect(panel.row('data_A.GamGam.root')).toBeVisible();
    });
  });
});
