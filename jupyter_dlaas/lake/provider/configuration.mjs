// What the provider is: its clients, its people, and access tokens in the WLCG profile.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { page } from './pages.mjs';

export const ANY_AUDIENCE = 'https://wlcg.cern.ch/jwt/v1/any';
const DAY = 86400;
const LIFETIME = 3600;
const RESOURCE = 'urn:lake:';
const SCOPES = ['openid', 'profile', 'email', 'offline_access', 'wlcg', 'wlcg.groups'];
const STORAGE = /^storage\.(read|create|modify|stage):\/\S*$/;

/** The one resource indicator that stands for these audiences, separated by blanks. */
export function resourceOf(audience) {
  return RESOURCE + encodeURIComponent(audience.trim() || ANY_AUDIENCE);
}

function audiencesOf(resource) {
  const known = resource.startsWith(RESOURCE);
  return known ? decodeURIComponent(resource.slice(RESOURCE.length)).split(/\s+/) : [resource];
}

/** The scopes of these texts that the provider gives. */
export function givenScopes(...texts) {
  const asked = new Set(texts.filter(Boolean).join(' ').split(' '));
  return [...asked].filter(scope => SCOPES.includes(scope) || STORAGE.test(scope));
}

/** What oidc-provider wants to know of those for whom a token is meant. */
export function resourceServer(resource, scopes) {
  return {
    scope: scopes.join(' '),
    audience: audiencesOf(resource).join(' '),
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } }
  };
}

export function configuration(directory, settings, store, key) {
  return {
    adapter: store.adapter(),
    clients: settings.clients.map(client => withSecret(directory, client)),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    jwks: {
      keys: [{ ...key.export({ format: 'jwk' }), kid: settings.key, use: 'sig', alg: 'ES256' }]
    },
    cookies: { keys: [readFileSync(join(directory, 'pki', 'cookies.secret'), 'utf8').trim()] },
    scopes: SCOPES,
    claims: { profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    extraParams: ['audience'],
    findAccount: (ctx, name) => account(settings, name),
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    pkce: { required: (ctx, client) => client.clientAuthMethod === 'none' },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: lifetimes(directory),
    features: features(),
    formats: { customizers: { jwt: (ctx, token, jwt) => asWlcg(settings, token, jwt.payload) } },
    renderError: (ctx, out) => page(ctx, 'This did not work', out.error_description ?? out.error)
  };
}

function withSecret(directory, client) {
  if (client.token_endpoint_auth_method === 'none') {
    return client;
  }
  const secret = readFileSync(join(directory, 'pki', `${client.client_id}.secret`), 'utf8');
  return { ...client, client_secret: secret.trim() };
}

function account(settings, name) {
  const person = settings.people[name];
  return person && { accountId: name, claims: () => ({ sub: name, ...person.claims }) };
}

function lifetimes(directory) {
  // Read anew for each token: tests shorten it while the lake runs.
  const token = () => {
    try {
      return Number(readFileSync(join(directory, 'run', 'token.lifetime'), 'utf8')) || LIFETIME;
    } catch {
      return LIFETIME;
    }
  };
  return {
    AccessToken: token,
    ClientCredentials: token,
    DeviceCode: 600,
    Grant: 14 * DAY,
    IdToken: LIFETIME,
    Interaction: LIFETIME,
    RefreshToken: 14 * DAY,
    Session: 14 * DAY
  };
}

function features() {
  const plain = (title, text) => (ctx, form) => page(ctx, title, text, form);
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, form, out, error) =>
        page(
          ctx,
          'Log in a device',
          error ? 'This code is not known, or no longer.' : 'Type the code that you were shown.',
          form,
          'op.deviceInputForm'
        ),
      userCodeConfirmSource: (ctx, form, client, device, code) =>
        page(
          ctx,
          'Log in a device',
          `${client.clientName} shows the code ${code}. Do you see the same?`,
          form,
          'op.deviceConfirmForm'
        ),
      successSource: plain('Done', 'You are logged in. This page can be closed.')
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) =>
        page(ctx, 'Log out', 'Log out here?', form, 'op.logoutForm', 'logout'),
      postLogoutSuccessSource: plain('Done', 'You are logged out here.')
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, client, several) =>
        several ?? resourceOf(ctx.oidc.params.audience ?? ctx.oidc.body?.audience ?? ''),
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) =>
        resourceServer(resource, givenScopes(ctx.oidc.params?.scope, ...known(ctx)))
    }
  };
}

/** The scopes of what is being exchanged for a token. */
function known(ctx) {
  return Object.values(ctx.oidc.entities ?? {}).map(entity => entity?.scope);
}

function asWlcg(settings, token, payload) {
  const audiences = String(payload.aud).split(' ');
  payload.aud = audiences.length > 1 ? audiences : audiences[0];
  payload.nbf = payload.iat;
  payload['wlcg.ver'] = '1.0';
  const scopes = (payload.scope ?? '').split(' ');
  if (scopes.includes('wlcg.groups') && settings.people[payload.sub]) {
    payload['wlcg.groups'] = settings.people[payload.sub].groups;
  }
}
