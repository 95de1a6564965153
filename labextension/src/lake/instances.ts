import { isLoggedIn } from '../login';
import type { InstanceInfo } from '../schema';

/**
 * The instance that is meant where none is named.
 */
export function defaultOf(
  instances: readonly InstanceInfo[]
): InstanceInfo | null {
  return instances.find(each => each.default) ?? instances[0] ?? null;
}

/**
 * To which instances somebody has just logged in; `told` is one to which somebody wanted to log in here.
 */
export function enteredSince(
  before: readonly InstanceInfo[],
  instances: readonly InstanceInfo[],
  told?: string
): InstanceInfo[] {
  return instances.filter(
    ({ login, name }) =>
      isLoggedIn(login) &&
      before.some(
        old =>
          old.name === name &&
          (name === told ||
            !isLoggedIn(old.login) ||
            old.login.account !== login.account)
      )
  );
}
