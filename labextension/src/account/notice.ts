import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { LakeModel } from '../lake/model';
import { isLoggedIn } from '../login';
import type { InstanceInfo } from '../schema';

/**
 * Tell of each login that ends, once, and take it back when one is in again.
 */
export function tellEnds(
  lake: LakeModel,
  logIn: (instance: string) => void,
  trans: TranslationBundle
): void {
  const wasIn = new Set<string>();
  const told = new Map<string, string>();
  lake.stateChanged.connect(() => {
    for (const { display_name: title, login, name } of lake.instances) {
      const isIn = isLoggedIn(login);
      if (isIn || login.state === 'logged_out') {
        Notification.dismiss(told.get(name) ?? '');
        told.delete(name);
      }
      if (isIn) {
        wasIn.add(name);
      } else if (wasIn.delete(name) && login.state === 'expired') {
        const id = Notification.warning(
          trans.__('Your login to %1 has ended.', title),
          {
            autoClose: false,
            actions: [
              { label: trans.__('Log in again…'), callback: () => logIn(name) }
            ]
          }
        );
        told.set(name, id);
      }
    }
  });
}

/**
 * What is to be said at the panel's tab: the login that has ended, or is about to.
 */
export function tabMark(
  instances: readonly InstanceInfo[],
  trans: TranslationBundle
): { caption: string; className: string } {
  for (const state of ['expired', 'expiring'] as const) {
    const found = instances.find(({ login }) => login.state === state);
    if (found) {
      const title = found.display_name;
      const text =
        state === 'expired'
          ? trans.__('your login to %1 has ended', title)
          : trans.__('your login to %1 ends soon', title);
      return {
        caption: trans.__('Data lake: %1', text),
        className: `jp-Dlaas-SideTab jp-mod-${state}`
      };
    }
  }
  return { caption: trans.__('Data lake'), className: '' };
}
