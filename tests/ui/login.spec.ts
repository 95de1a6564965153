import { readdirSync, readFileSync } from 'fs';
import * as path from 'path';

import { expect, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import { password, shortenTokens } from './lake';
import { Panel } from './panel';

const PASSPHRASE = 'open sesame';

test.use({
  viewport: { width: 1440, height: 900 },
  // The lake has an authority of its own, which the browser does not know.
  ignoreHTTPSErrors: true,
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    // The real blocker is at work: a window opens in a click or not at all.
    ignoreDefaultArgs: ['--disable-popup-blocking']
  }
});

test.beforeEach(async ({ page }) => {
  const panel = new Panel(page);
  await panel.open();
  await panel.choose('Log in as anybody');
  await expect(panel.root.getByText('Log in by', { exact: true })).toBeVisible();
});

test.afterEach(async ({ page }) => {
  for (const instance of ['anybody', 'brief']) {
    // The first gives up what is pending.
    await page.request.delete(`dlaas/${instance}/login`);
    await page.request.delete(`dlaas/${instance}/login`);
  }
});

/**
 * What a person does on the pages of the identity provider.
 */
async function allow(provider: Page, account: 'alice' | 'bob'): Promise<void> {
  await provider.locator('[name=login]').fill(account);
  await provider.locator('[name=password]').fill(password(account));
  await provider.getByRole('button', { name: 'Log in and allow' }).click();
}

/**
 * Type a code where the provider asks for it, and say that it is the right one.
 */
async function typeCode(provider: Page, code: string): Promise<void> {
  const next = provider.getByRole('button', { name: 'Continue' });
  const field = provider.getByRole('textbox').and(provider.locator('[name=user_code]'));
  await expect(next).toBeVisible();
  if (await field.isVisible()) {
    await field.fill(code);
    await next.click();
    await expect(field).toBeHidden();
  }
  await expect(provider.getByText(code)).toBeVisible();
  await next.click();
}

/**
 * Press a button that opens a window.
 */
async function windowOf(panel: Panel, button: string): Promise<Page> {
  const [opened] = await Promise.all([
    panel.page.waitForEvent('popup'),
    panel.button(button).click()
  ]);
  return opened;
}

async function findsData(panel: Panel): Promise<void> {
  await panel.search('ATLAS_OD_EDU:*GamGam*');
  await expect(panel.row('GamGam_data')).toBeVisible();
}

test('user name and password are a login; logging out takes it back from kernels', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.logIn('alice', password('alice'));
  await expect(panel.account).toHaveText('alice');
  await test.step('what is below fills the room that the form has left', async () => {
    const split = panel.root.locator('.jp-Dlaas-split');
    const rest = () =>
      split.evaluate(
        node =>
          node.getBoundingClientRect().bottom -
          node.firstElementChild!.getBoundingClientRect().bottom
      );
    await expect.poll(rest).toBeLessThan(2);
    await panel.account.click();
    await expect.poll(rest).toBeGreaterThan(-2);
    await expect.poll(rest).toBeLessThan(2);
    await panel.account.click();
  });
  await findsData(panel);
  await panel.account.click();
  await expect(panel.login).toContainText('user name and password');
  await expect(panel.login).toContainText('renewed by itself');

  const answer = await page.request.get('dlaas/instances');
  const { handover } = (await answer.json()) as { handover: string };
  const handed = path.join(handover, 'anybody.json');
  const token = () =>
    (JSON.parse(readFileSync(handed, 'utf-8')) as { token: string | null })
      .token;
  expect(token()).toBeTruthy();
  await panel.button('Log out').click();
  await expect(panel.account).toHaveCount(0);
  await expect(panel.root.getByRole('tab').first()).toBeHidden();
  // How the instance is reached stays: open data needs nobody.
  expect(token()).toBeNull();
  expect(readdirSync(path.join(handover, 'login-anybody'))).toEqual(['rucio.cfg']);
});

test('single sign-on: a click, the provider’s page, done; another account of the same person, too', async ({
  page
}) => {
  const panel = new Panel(page);
  const first = await windowOf(panel, 'Log in');
  await expect(
    panel.root.getByText('Waiting until you have logged in there…')
  ).toBeVisible();
  await expect(first.locator('[name=login]')).toBeVisible();
  await test.step('that page has no hold on ours', async () => {
    await first.evaluate(() => {
      for (const whom of [window.opener, window.opener.top]) {
        try {
          whom.location.href = 'about:blank#taken';
        } catch {
          // Refused.
        }
      }
    });
    await expect(panel.root).toBeVisible();
    expect(page.url()).not.toContain('taken');
  });
  await Promise.all([first.waitForEvent('close'), allow(first, 'alice')]);
  await expect(panel.account).toHaveText('alice');
  await expect(panel.login).toContainText('single sign-on');
  await expect(panel.login).toContainText('renewed by itself');
  await findsData(panel);

  await test.step('another account, while the first one stays', async () => {
    await panel.button('Another login…').click();
    await panel.root.getByText('Another Rucio account').click();
    await panel.root.getByLabel('Account', { exact: true }).fill('higgs');
    const second = await windowOf(panel, 'Log in');
    await expect(panel.account).toHaveText('alice');
    await Promise.all([
      second.waitForEvent('close'),
      second.getByRole('button', { name: 'Allow' }).click()
    ]);
    await expect(panel.account).toHaveText('higgs');
  });
});

test('a window that is blocked is offered as a link', async ({ page }) => {
  const panel = new Panel(page);
  // A press of the program's own, a while after the last of a person's, is what blockers are there for. What Playwright
  // evaluates counts as a person's, so it only listens meanwhile.
  const begun = page.waitForRequest(/anybody\/login\?/);
  await panel.button('Log in').evaluate(button => {
    const { userActivation } = navigator as unknown as {
      userActivation: { isActive: boolean };
    };
    const timer = setInterval(() => {
      if (!userActivation.isActive) {
        clearInterval(timer);
        (button as HTMLButtonElement).click();
      }
    }, 100);
  });
  await begun;
  await expect(panel.problem()).toContainText(
    'Your browser blocked the window'
  );
  const [provider] = await Promise.all([
    page.context().waitForEvent('page'),
    panel.root.getByRole('link', { name: 'Open the login page' }).click()
  ]);
  await expect(panel.problem()).toHaveCount(0);
  await allow(provider, 'bob');
  await expect(panel.account).toHaveText('bob');
});

test('a window that was closed too early is told, and opens again', async ({
  page
}) => {
  const panel = new Panel(page);
  const first = await windowOf(panel, 'Log in');
  await expect(first.locator('[name=login]')).toBeVisible();
  await first.close();
  await expect(panel.problem()).toContainText('The login window is closed');
  const second = await windowOf(panel, 'Open it again');
  await Promise.all([second.waitForEvent('close'), allow(second, 'alice')]);
  await expect(panel.account).toHaveText('alice');
});

test('a login that is given up closes its window and leaves nobody logged in', async ({
  page
}) => {
  const panel = new Panel(page);
  const provider = await windowOf(panel, 'Log in');
  await expect(provider.locator('[name=login]')).toBeVisible();
  await Promise.all([
    provider.waitForEvent('close'),
    panel.button('Give up').click()
  ]);
  await expect(panel.button('Log in')).toBeEnabled();
  await expect(panel.problem()).toHaveCount(0);
});

test('by a code one logs in on a page of its own', async ({ page }) => {
  const panel = new Panel(page);
  await panel.way('Code');
  await panel.button('Get a code').click();
  const shown = panel.root.getByRole('status', { name: 'Code' });
  const code = await shown.innerText();
  await panel.button('Copy the code').click();
  await expect(panel.button('Copied')).toBeVisible();
  const [provider] = await Promise.all([
    page.context().waitForEvent('page'),
    panel.root.getByRole('link', { name: 'Open the page' }).click()
  ]);
  await typeCode(provider, code);
  await allow(provider, 'alice');
  await expect(panel.account).toHaveText('alice', { timeout: 60_000 });
  await expect(panel.login).toContainText('a code, at the identity provider');
  await findsData(panel);
});

test('a certificate opens with its passphrase, and not with another one', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.way('Certificate');
  const choice = panel.root.getByRole('group', { name: 'Certificate' });
  const old = choice.getByText('Alice of yesteryear');
  await expect(old.locator('..')).toContainText('expired on');
  await old.click();
  await expect(panel.button('Log in')).toBeDisabled();

  await choice.getByText('usercert.pem').click();
  const passphrase = panel.root.getByLabel('Passphrase', { exact: true });
  await passphrase.fill('guess');
  await panel.button('Log in').click();
  await expect(panel.problem()).toContainText('The passphrase is wrong');
  await expect(passphrase).toBeFocused();
  await passphrase.fill(PASSPHRASE);
  await panel.button('Log in').click();
  await expect(panel.account).toHaveText('alice');
  await panel.account.click();
  await expect(panel.login).toContainText('Certificate');
  await findsData(panel);
});

test('a ready proxy is a login, named by its path as well', async ({ page }) => {
  const panel = new Panel(page);
  await panel.way('Certificate');
  const choice = panel.root.getByRole('group', { name: 'Certificate' });
  await choice.getByText('proxy.pem').click();
  await expect(panel.root.locator('[name=passphrase]')).toHaveCount(0);
  await panel.button('Log in').click();
  await expect(panel.account).toHaveText('alice');
  await panel.button('Log out').click();

  await panel.way('Certificate');
  await choice.getByText('Another file…').click();
  const file = panel.root.getByLabel('Certificate, PKCS#12 or proxy file');
  await file.fill('~/.globus/no-such-proxy.pem');
  await panel.button('Log in').click();
  await expect(panel.problem()).toBeVisible();
  await file.fill('~/.globus/proxy.pem');
  await panel.button('Log in').click();
  await expect(panel.account).toHaveText('alice');
});

test('a login goes on across the end of its token, and one that nobody renews asks for the next', async ({
  page
}) => {
  const panel = new Panel(page);
  const ends = async (instance: string) => {
    const answer = await page.request.get(
      `dlaas/${instance}/login?no_track_activity=1`
    );
    const { expires_at: end } = (await answer.json()) as { expires_at: string };
    return Date.parse(end);
  };
  shortenTokens(60);
  try {
    const renewed = await windowOf(panel, 'Log in');
    await Promise.all([renewed.waitForEvent('close'), allow(renewed, 'alice')]);
    await expect(panel.account).toHaveText('alice');
    const first = await ends('anybody');

    await panel.choose('Log in for a while');
    // The provider knows her by now, and that she allows it.
    await panel.button('Log in').click();
    await expect(panel.account).toHaveText('alice');

    await test.step('before its end there is a sign, also at the tab', async () => {
      await expect(panel.root.getByText(/Your login ends/)).toBeVisible({
        timeout: 90_000
      });
      await expect(
        page.locator('.jp-SideBar .jp-Dlaas-SideTab')
      ).toHaveAttribute('title', /ends soon|has ended/);
    });
    await test.step('after it one question, and the way in', async () => {
      await expect(panel.root.getByText(/Your login has ended/)).toBeVisible({
        timeout: 120_000
      });
      await panel.button('Log in').click();
      await expect(panel.account).toHaveText('alice');
      await findsData(panel);
      await panel.button('Log out').click();
    });
    await test.step('the renewed one has seen nothing of it', async () => {
      await panel.choose('Log in as anybody');
      await expect(panel.account).toHaveText('alice');
      expect(Date.now()).toBeGreaterThan(first);
      expect(await ends('anybody')).toBeGreaterThan(first);
      await findsData(panel);
    });
  } finally {
    shortenTokens(null);
  }
});

test('the keyboard suffices', async ({ page }) => {
  const panel = new Panel(page);
  const focused = page.locator(':focus');
  await panel.root.getByRole('combobox', { name: 'Data lake', exact: true }).focus();
  await page.keyboard.press('Tab');
  await expect(focused).toHaveAttribute('type', 'radio');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(panel.root.getByLabel('User name')).toBeVisible();
  await page.keyboard.press('Tab');
  await page.keyboard.type('alice');
  await page.keyboard.press('Tab');
  await page.keyboard.type(password('alice'));
  await page.keyboard.press('Enter');
  await expect(panel.account).toHaveText('alice');
  await expect(focused).toContainText('alice');
  await page.keyboard.press('Enter');
  await expect(panel.login).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(focused).toHaveAttribute('aria-label', 'Log out');
  await page.keyboard.press('Enter');
  await expect(panel.account).toHaveCount(0);
});
