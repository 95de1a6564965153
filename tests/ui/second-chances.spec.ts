import { expect, test } from '@jupyterlab/galata';
import type { Page, WebSocketRoute } from '@playwright/test';

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

test('a dialog that is closed while it is sent takes nothing back', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  const name = `closed-${Date.now()}.txt`;
  let go: () => void = () => undefined;
  const held = new Promise<void>(resolve => {
    go = resolve;
  });
  await page.route('**/dlaas/lake/uploads*', async route => {
    await held;
    await route.continue();
  });
  await page.contents.uploadContent('results', 'text', `${tmpPath}/${name}`);
  await page.evaluate(
    path =>
      void (
        window as unknown as {
          jupyterapp: {
            commands: { execute(id: string, args: object): void };
          };
        }
      ).jupyterapp.commands.execute('dlaas:upload', { path }),
    `${tmpPath}/${name}`
  );
  await panel.accept();
  await expect(panel.dialog.locator('.jp-mod-accept')).toHaveText('Sending…');
  await expect(panel.dialog.locator('.jp-mod-reject')).toHaveText('Close');
  await panel.dialog.screenshot({ path: 'test-results/sending.png' });
  await panel.cancel();
  go();
  await expect(
    page.getByText('Upload to the data lake: Accepted.').first()
  ).toBeVisible();
  await expect(
    panel.root
      .getByRole('list', { name: 'Transfers' })
      .getByRole('listitem')
      .filter({ hasText: name })
  ).toContainText('Uploaded', { timeout: 60_000 });
});

test.describe('cut off', () => {
  // Galata answers these itself, else: JupyterLab would not notice.
  test.use({ kernels: null, sessions: null, terminals: null });

test('a connection that was cut: the panel says so, and follows by itself when it is back', async ({
  page
}) => {
  const did = 'ATLAS_OD_EDU:GamGam_mc_VBFH125';
  // Nobody else asks for it like this, so that it is a rule of its own.
  const place = 'NORTH-DISK|SOUTH-DISK';
  const asked = await page.request.post('dlaas/lake/rules', {
    data: { did, lifetime: 86_400 }
  });
  expect(asked.ok()).toBe(true);
  const cut = await cable(page);
  await page.reload();
  const panel = new Panel(page);
  await panel.search(did);
  await panel.row(did).click();
  // So that the new rule changes nothing about how it stands.
  await expect(panel.card.locator('[data-state=available]').first()).toBeVisible({
    timeout: 90_000
  });
  const rules = panel.card.getByText(/^Rules \(\d+\)$/);
  const before = (await rules.textContent())!;
  const down = panel.root.locator('[data-error=JupyterUnreachable]');

  await test.step('JupyterLab notices it, the panel with it', async () => {
    await cut(true);
    await expect(down.first()).toBeVisible({ timeout: 60_000 });
    await panel.root.screenshot({ path: 'test-results/cut.png' });
    // What was found stays in sight.
    await expect(panel.row(did)).toBeVisible();
  });

  await test.step('meanwhile another client asks for the DID', async () => {
    const answer = await page.request.post('dlaas/lake/rules', {
      data: { did, lifetime: 86_400, rse_expression: place }
    });
    expect(answer.ok()).toBe(true);
    await expect(rules).toHaveText(before);
  });

  await test.step('it is back: nobody clicks, and the panel shows the rule', async () => {
    const urls: string[] = [];
    page.on('request', request => urls.push(request.url()));
    await cut(false);
    const rule = panel.card
      .locator('.jp-Dlaas-rule')
      .filter({ hasText: place });
    await expect(rule).toContainText('by alice');
    await expect(rules).not.toHaveText(before);
    await expect(down).toHaveCount(0);
    expect(urls.filter(url => url.includes('dlaas/instances'))).toHaveLength(
      1
    );
    await expect(rule).toContainText('complete', { timeout: 90_000 });
  });
});
});

/**
 * What cuts the page off from its server, and connects it again; from the next time that it is loaded.
 */
async function cable(page: Page): Promise<(isCut: boolean) => Promise<void>> {
  const sockets = new Set<WebSocketRoute>();
  let isOff = false;
  await page.routeWebSocket(/\/api\//, async socket => {
    if (isOff) {
      await socket.close();
    } else {
      sockets.add(socket);
      socket.connectToServer();
    }
  });
  return async isCut => {
    isOff = isCut;
    await page.context().setOffline(isCut);
    if (isCut) {
      await Promise.all([...sockets].map(socket => socket.close()));
      sockets.clear();
    }
  };
}
