// Token exchange (RFC 8693): for an access token of ours, one for other audiences and narrower scopes.

import { givenScopes, resourceOf, resourceServer } from './configuration.mjs';
import { claimsOf } from './userinfo.mjs';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

export const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const PARAMETERS = [
  'audience',
  'resource',
  'scope',
  'subject_token',
  'subject_token_type',
  'requested_token_type'
];

/** The handler of the grant; `key` is the public half of what the provider signs with. */
export function exchange(provider, errors, key) {
  return async ctx => {
    const { params, client } = ctx.oidc;
    if (![ACCESS_TOKEN, JWT].includes(params.subject_token_type)) {
      throw new errors.InvalidRequest('subject_token_type must be an access token');
    }
    if (![undefined, ACCESS_TOKEN, JWT].includes(params.requested_token_type)) {
      throw new errors.InvalidRequest('requested_token_type must be an access token');
    }
    const subject = claimsOf(params.subject_token ?? '', key);
    if (!subject) {
      throw new errors.InvalidGrant('the subject_token is not valid, or no longer');
    }
    const had = (subject.scope ?? '').split(' ');
    const wanted = params.scope ? givenScopes(params.scope) : had;
    const beyond = wanted.filter(scope => !had.some(mine => covers(mine, scope)));
    if (beyond.length) {
      throw new errors.InvalidScope('the subject_token does not have it', beyond.join(' '));
    }
    const token = new provider.AccessToken({ accountId: subject.sub, client, gty: GRANT });
    const audience = params.resource ?? resourceOf(params.audience ?? '');
    token.resourceServer = new provider.ResourceServer(audience, resourceServer(audience, wanted));
    token.scope = wanted.join(' ');
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: token.expiration,
      scope: token.scope
    };
  };
}

/** Whether the scope one has allows the other: the same, or storage below its path. */
function covers(mine, wanted) {
  const [what, path = ''] = mine.split(':/');
  const [asked, below = ''] = wanted.split(':/');
  const root = path && `${path.replace(/\/$/, '')}/`;
  return mine === wanted || (what === asked && mine.includes(':/') && `${below}/`.startsWith(root));
}
