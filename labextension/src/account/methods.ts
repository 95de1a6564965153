import type { TranslationBundle } from '@jupyterlab/translation';

import type { InstanceInfo, Login } from '../schema';

export type Method = NonNullable<Login['method']>;

/**
 * A way in as people choose it: certificates and ready proxies are one.
 */
export type Way = 'oidc' | 'device' | 'certificate' | 'userpass';

const WAYS: Record<Method, Way> = {
  oidc: 'oidc',
  device: 'device',
  x509: 'certificate',
  x509_proxy: 'certificate',
  userpass: 'userpass'
};

/**
 * The way that a method belongs to.
 */
export function wayOf(method: Method): Way {
  return WAYS[method];
}

/**
 * The ways that an instance offers, in its order.
 */
export function waysOf(instance: InstanceInfo): Way[] {
  return [...new Set(instance.methods.map(wayOf))];
}

/**
 * A way in words, short enough to choose by.
 */
export function wayText(way: Way, trans: TranslationBundle): string {
  switch (way) {
    case 'oidc':
      return trans.__('Single sign-on');
    case 'device':
      return trans.__('Code');
    case 'certificate':
      return trans.__('Certificate');
    case 'userpass':
      return trans.__('Password');
  }
}

/**
 * How one is logged in, in words.
 */
export function methodText(method: Method, trans: TranslationBundle): string {
  switch (method) {
    case 'oidc':
      return trans.__('single sign-on');
    case 'device':
      return trans.__('a code, at the identity provider');
    case 'x509':
      return trans.__('certificate');
    case 'x509_proxy':
      return trans.__('proxy certificate');
    case 'userpass':
      return trans.__('user name and password');
  }
}
