import type { Locator, Page } from '@playwright/test';
import { expect } from '@jupyterlab/galata';

/**
 * The panel, by the words that a person reads in it.
 */
export class Panel {
  constructor(readonly page: Page) {
    this.root = page.locator('#jupyter-dlaas-panel');
  }

  async open(): Promise<void> {
    // JupyterLab may be about to restore it: a click then hides what has just come.
    await expect(async () => {
      if (!(await this.root.isVisible())) {
        await this.page
          .locator('.jp-SideBar [data-id="jupyter-dlaas-panel"]')
          .click();
      }
      await expect(this.root).toBeVisible({ timeout: 2_000 });
    }).toPass();
  }

  async tab(
    name: 'Explore' | 'Notebook' | 'Transfers' | 'Basket'
  ): Promise<void> {
    await this.root.getByRole('tab', { name: new RegExp(`^${name}`) }).click();
  }

  async search(pattern: string): Promise<void> {
    await this.open();
    await this.tab('Explore');
    const box = this.searchBox;
    await box.fill(pattern);
    await box.press('Enter');
  }

  get searchBox(): Locator {
    return this.root.getByRole('combobox', { name: 'Search the data lake' });
  }

  row(name: string): Locator {
    return this.root.getByRole('treeitem', { name }).first();
  }

  button(name: string): Locator {
    return this.root.getByRole('button', { name, exact: true });
  }

  /**
   * The card of the DID that is selected.
   */
  get card(): Locator {
    return this.root.getByRole('region', { name: 'Selected DID' });
  }

  /**
   * The problem that is shown, in the panel or in a dialog.
   */
  problem(where: Locator = this.root): Locator {
    return where.getByRole('alert');
  }

  get dialog(): Locator {
    return this.page.locator('.jp-Dlaas-Dialog');
  }

  async accept(): Promise<void> {
    await this.dialog.locator('button.jp-mod-accept').click();
  }

  async cancel(): Promise<void> {
    await this.dialog.locator('button.jp-mod-reject').click();
    await expect(this.dialog).toHaveCount(0);
  }

  async choose(instance: string): Promise<void> {
    await this.root
      .getByRole('combobox', { name: 'Data lake', exact: true })
      .selectOption({ label: instance });
  }

  /**
   * Choose how to log in, where there are several ways.
   */
  async way(
    name: 'Single sign-on' | 'Code' | 'Certificate' | 'Password'
  ): Promise<void> {
    await this.root
      .getByRole('group', { name: 'Log in by' })
      .getByText(name, { exact: true })
      .click();
  }

  /**
   * Log out, behind the panel's back: what another test has left.
   */
  async logOut(...instances: string[]): Promise<void> {
    for (const instance of instances) {
      await this.page.request.delete(`dlaas/${instance}/login`);
    }
  }

  async logIn(username: string, password: string): Promise<void> {
    await this.way('Password');
    await this.root.getByLabel('User name').fill(username);
    await this.root.locator('[name=password]').fill(password);
    await this.button('Log in').click();
  }

  /**
   * The account that is logged in; a press on it shows how and until when.
   */
  get account(): Locator {
    return this.root.getByTestId('dlaas-account');
  }

  /**
   * How one is logged in and until when.
   */
  get login(): Locator {
    return this.root.getByRole('group', { name: 'Your login' });
  }

  readonly root: Locator;
}
