import type { Login } from './schema';

/**
 * Whether one is logged in, if only for a while yet.
 */
export function isLoggedIn({ state }: Login): boolean {
  return state === 'logged_in' || state === 'expiring';
}

/**
 * Whether what was asked for may stay in sight: also when a login is over, for the next one goes on with it.
 */
export function wasLoggedIn(login: Login): boolean {
  const { account, state } = login;
  // One may be logged in while another login is pending.
  return (
    isLoggedIn(login) ||
    state === 'expired' ||
    (state === 'pending' && account !== null)
  );
}

/**
 * When one will have to log in again, as far as that can be known: a token that the server renews is no end.
 */
export function endOf(login: Login): string | null {
  const { credential_expires_at: credential, expires_at: token } = login;
  if (!isLoggedIn(login)) {
    return null;
  }
  const ends = [login.renewable ? null : token, credential];
  return (
    ends
      .filter((end): end is string => end !== null)
      .sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null
  );
}
