// Who a token's owner is. oidc-provider tells it to opaque tokens alone, and all of ours are JWTs.

import { verify } from 'node:crypto';

const BEARER = /^Bearer (\S+)$/i;

/** Answer at /me as grid providers do, for any access token of a person. */
export function addUserinfo(provider, settings, key) {
  provider.use(async (ctx, next) => {
    if (ctx.path !== '/me') {
      return next();
    }
    const [, token = ''] = BEARER.exec(ctx.get('Authorization')) ?? [];
    const claims = claimsOf(token, key);
    const person = claims && settings.people[claims.sub];
    ctx.set('Cache-Control', 'no-store');
    ctx.status = person ? 200 : 401;
    ctx.body = person ? { sub: claims.sub, ...person.claims } : { error: 'invalid_token' };
  });
}

/** The claims of a token that this key signed, and whose time is not over; else null. */
export function claimsOf(token, key) {
  const [header, payload, signature] = token.split('.');
  try {
    const signed = Buffer.from(`${header}.${payload}`);
    const seal = Buffer.from(signature, 'base64url');
    const genuine = verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, seal);
    const claims = genuine ? JSON.parse(Buffer.from(payload, 'base64url')) : null;
    return claims?.exp * 1000 > Date.now() ? claims : null;
  } catch {
    return null;
  }
}
