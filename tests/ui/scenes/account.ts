import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@jupyterlab/galata';

import type { IState } from './stage';
import { dialog } from './stage';

const INSTANCES = '**/dlaas/instances*';

/**
 * Let the panel hear of another login to each instance: to wait for the end of one takes a minute.
 */
async function changeLogin(
  page: IJupyterLabPageFixture,
  login: { [key: string]: unknown }
): Promise<void> {
  await page.context().unroute(INSTANCES);
  await page.context().route(INSTANCES, async route => {
    const answer = await route.fetch();
    const json = await answer.json();
    for (const instance of json.instances) {
      Object.assign(instance.login, login);
    }
    await route.fulfill({ response: answer, json });
  });
  await page.reload();
}

export const ACCOUNT: IState[] = [
  {
    name: 'card of the login',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.tab('Explore');
      await panel.account.click();
      await expect(panel.login).toBeVisible();
    }
  },
  {
    name: 'clean the cache',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.button('Clean the cache…').click();
      await expect(panel.dialog.locator('select[name=age]')).toBeVisible();
    }
  },
  {
    name: 'cleaned',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.accept();
      await expect(panel.dialog.getByText(/Freed/)).toBeVisible();
    },
    leave: async ({ panel }) => {
      await panel.cancel();
      await panel.account.click();
    }
  },
  {
    name: 'single sign-on',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.choose('Log in as anybody');
      await expect(
        panel.root.getByText('Log in by', { exact: true })
      ).toBeVisible();
    }
  },
  {
    name: 'in a window',
    reach: async ({ page, panel }) => {
      const [opened] = await Promise.all([
        page.waitForEvent('popup'),
        panel.button('Log in').click()
      ]);
      await opened.close();
      await expect(
        panel.root.getByRole('group', { name: 'Log in to' })
      ).toContainText('This attempt');
    },
    leave: async ({ page }) => {
      await page.request.delete('dlaas/anybody/login');
    }
  },
  {
    name: 'code',
    reach: async ({ panel }) => {
      await panel.way('Code');
      await panel.button('Get a code').click();
      await expect(
        panel.root.getByRole('status', { name: 'Code' })
      ).toBeVisible();
    },
    leave: async ({ page }) => {
      await page.request.delete('dlaas/anybody/login');
    }
  },
  {
    name: 'certificate',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.choose('Log in by hand');
      await panel.choose('Log in as anybody');
      await panel.way('Certificate');
      await expect(panel.root.getByText('usercert.pem')).toBeVisible();
      await panel.root.getByText('Another file…').click();
    }
  },
  {
    name: 'wrong password',
    reach: async ({ panel }) => {
      await panel.logIn('alice', 'wrong');
      await expect(panel.problem()).toContainText('did not work');
    }
  },
  {
    name: 'a login that ends',
    reach: async ({ page, panel }) => {
      await panel.choose('Demonstration lake');
      await changeLogin(page, { state: 'expiring', renewable: false });
      await panel.open();
      await expect(panel.root.getByText(/Your login ends/)).toBeVisible();
    }
  },
  {
    name: 'a login that has ended',
    reach: async ({ page, panel }) => {
      await changeLogin(page, { state: 'expired', account: null });
      await panel.open();
      await expect(panel.root.getByText(/Your login has ended/)).toBeVisible();
    },
    leave: ({ page }) => page.context().unroute(INSTANCES)
  },
  {
    name: 'no lake',
    reach: async ({ page, panel }) => {
      await page.context().route(INSTANCES, async route => {
        const answer = await route.fetch();
        const json = { ...(await answer.json()), instances: [] };
        await route.fulfill({ response: answer, json });
      });
      await page.reload();
      await panel.open();
      await expect(panel.root).toContainText('No data lake is configured here');
    },
    leave: ({ page }) => page.context().unroute(INSTANCES)
  },
  {
    name: 'no server extension',
    reach: async ({ page, panel }) => {
      await page.context().route(INSTANCES, route => route.fulfill({ status: 404 }));
      await page.reload();
      await panel.open();
      await expect(panel.problem()).toBeVisible();
    },
    leave: ({ page }) => page.context().unroute(INSTANCES)
  }
];
