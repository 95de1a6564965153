import { expect, test } from '@jupyterlab/galata';

import { hold, password, release } from './lake';
import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

test.beforeEach(async ({ page }) => {
  await new Panel(page).open();
});

for (const [what, pattern, title] of [
  ['an unknown scope', 'no_such_scope:*x*', 'There is no such scope'],
  ['a malformed DID', 'no DID at all', 'That is not a DID'],
  ['a wildcard alone', '*', 'That search is too wide']
]) {
  test(`${what} in the search box is told apart`, async ({ page }) => {
    const panel = new Panel(page);
    await panel.search(pattern);
    await expect(panel.problem()).toContainText(title);
    await expect(panel.problem()).toContainText('Cause: Your input');
  });
}

test('a lake that is down is nobody’s typing error, and trying again helps once it is up', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.search('ATLAS_OD_EDU:GamGam_data');
  await expect(panel.row('GamGam_data')).toBeVisible();
  hold('rucio');
  try {
    await panel.search('ATLAS_OD_EDU:*4lep*');
    await expect(panel.problem()).toContainText('There is no answer');
    await expect(panel.problem()).toContainText('Cause: The network');
  } finally {
    release('rucio');
  }
  await expect(async () => {
    await panel.button('Try again').click();
    await expect(panel.row('4lep_data')).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
});

test('a lifetime of zero and a date in the past cannot be sent', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.search('ATLAS_OD_EDU:4lep_data');
  await panel.row('4lep_data').click();
  await panel.button('Make available…').click();
  const accept = panel.dialog.locator('button.jp-mod-accept');

  await panel.dialog.getByText('Other…').click();
  await panel.dialog.getByRole('textbox').fill('0');
  await expect(
    panel.dialog.getByText('A lifetime is longer than zero.')
  ).toBeVisible();
  await expect(accept).toBeDisabled();

  await panel.dialog.getByText('Until a date…').click();
  await panel.dialog.getByLabel('Until the end of').fill('2020-02-02');
  await expect(panel.dialog.getByText('That date is past.')).toBeVisible();
  await expect(accept).toBeDisabled();
  await panel.cancel();
  await expect(panel.root.getByText('Not here yet')).toBeVisible();
});

test('a wrong password is the credential’s fault; the right one logs in; a full quota and a taken name are told', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  await panel.logOut('by-hand');
  await panel.choose('Log in by hand');
  await test.step('log in', async () => {
    await panel.logIn('bob', 'wrong');
    await expect(panel.problem()).toContainText('The login did not work');
    await expect(panel.problem()).toContainText('Cause: Your credential');
    await panel.logIn('bob', password('bob'));
    await expect(
      panel.root.getByRole('button', { name: 'Log out' })
    ).toBeVisible();
  });

  await page.contents.uploadContent(
    'x'.repeat(2_000_000),
    'text',
    `${tmpPath}/two-megabytes.txt`
  );
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  const openDialog = async () => {
    await page.sidebar.openTab('filebrowser');
    await page
      .locator('.jp-DirListing-item')
      .filter({ hasText: 'two-megabytes.txt' })
      .click({ button: 'right' });
    await page
      .getByRole('menuitem', { name: 'Upload to the data lake…' })
      .click();
    await expect(panel.dialog.getByRole('combobox', { name: 'Scope' })).toHaveValue('user.bob');
  };
  const name = `two-megabytes-${Date.now()}.txt`;
  const named = panel.dialog.getByRole('textbox', { name: 'Name', exact: true });

  await test.step('a full quota is told inside the dialog, which stays', async () => {
    await openDialog();
    await named.fill(name);
    await panel.dialog.getByRole('combobox', { name: 'RSE' }).selectOption('SOUTH-DISK');
    await panel.accept();
    await expect(panel.problem(panel.dialog)).toContainText(
      'Your quota does not suffice'
    );
    await panel.dialog.getByRole('combobox', { name: 'RSE' }).selectOption('');
    await panel.accept();
    await expect(panel.dialog).toHaveCount(0);
    const jobs = panel.root.getByRole('list', { name: 'Transfers' });
    await expect(
      jobs.getByRole('listitem').filter({ hasText: name })
    ).toContainText('Uploaded', { timeout: 60_000 });
  });

  await test.step('a name that is taken by other bytes is refused', async () => {
    await page.contents.uploadContent(
      'y'.repeat(1_000_000),
      'text',
      `${tmpPath}/two-megabytes.txt`
    );
    await openDialog();
    await named.fill(name);
    await panel.accept();
    await expect(panel.problem(panel.dialog)).toContainText(
      'That name is taken'
    );
    await panel.cancel();
  });
});
